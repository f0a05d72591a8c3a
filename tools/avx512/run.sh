#!/bin/sh
# Runs the AVX-512 code in an emulated processor, for machines that lack it: the
# tests of internal/kernel that compare it bit by bit with the scalar code, then a
# small reproduction, whose digests must be those of this machine's own path.
# Bochs boots Debian's kernel with the test binary, the program and the results
# expected in an initial RAM disk. Some minutes; needs no rights but those to read
# the kernel.
#
#   tools/avx512/run.sh
#
# KERNEL  a bzImage with 8250 console (the newest in /boot, or Debian's cloud kernel)
# MODEL   Bochs's model of the processor (corei7_skylake_x)
# LIMIT   seconds after which the emulator is ended (3600)
# OUT     folder that keeps what the machine printed (a temporary one)
set -eu
cd "$(dirname "$0")/../.."
go=${GO:-go}
model=${MODEL:-corei7_skylake_x}
limit=${LIMIT:-3600}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
out=${OUT:-$work}
mkdir -p "$out"

leave_out() {
	echo "avx512: left out, since $1"
	exit 0
}
for program in bochs xorriso cpio; do
	command -v $program >/dev/null || leave_out "$program is missing (Debian: apt-get install bochs bochsbios vgabios isolinux syslinux-common xorriso cpio)"
done
bochs --help cpu 2>&1 | grep -qx "$model" || leave_out "this Bochs does not emulate $model"
boot=/usr/lib/ISOLINUX/isolinux.bin
for file in $boot /usr/lib/syslinux/modules/bios/ldlinux.c32 /usr/share/bochs/BIOS-bochs-latest /usr/share/bochs/VGABIOS-lgpl-latest; do
	[ -r $file ] || leave_out "$file is missing (Debian: apt-get install bochsbios vgabios isolinux syslinux-common)"
done
kernel=${KERNEL:-$(ls -t /boot/vmlinuz-* 2>/dev/null | head -n 1)}
if [ -z "$kernel" ]; then
	package=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | awk '/Depends:/ {print $2; exit}')
	(cd "$work" && apt-get -o APT::Sandbox::User=root download -qq "$package" && dpkg-deb --fsys-tarfile ./*.deb | tar -x ./boot) ||
		leave_out "there is no kernel in /boot, and Debian's cannot be fetched"
	kernel=$(ls "$work"/boot/vmlinuz-*)
fi

# What the machine runs, and what its results have to be.
root=$work/root
mkdir -p "$root/proc" "$root/dev" "$root/sys" "$root/tmp" "$work/iso/isolinux"
export CGO_ENABLED=0
$go -C tools build -o "$root/init" ./avx512/init
$go test -c -o "$root/kernel.test" ./internal/kernel
$go build -ldflags '-s -w' -o "$root/landscape-pipe" ./cmd/landscape-pipe
cp tools/avx512/params.toml "$root/params.toml"
here() { "$root/landscape-pipe" "$@" --params tools/avx512/params.toml --artifacts "$work/artifacts"; }
here doctor | head -n 1
here repro -q --store "$work/store"
here check --update --store "$work/store" >/dev/null
here repro fetch -q --store "$root/store" # the data go along: there is no network
mkdir "$root/artifacts"
cp -R "$work/artifacts/runs" "$root/artifacts/runs"
rm -rf "$root"/artifacts/runs/*/figures "$root"/artifacts/runs/*/results
flags="--params /params.toml --artifacts /artifacts --store /store"
cat >"$root/commands" <<END
/kernel.test -test.v -test.run (SelfTest|PathsAgree|ProductsMatchScalar|Against|Sharing|KeepsNaN)/avx512
GODEBUG=cpu.avx512f=off /kernel.test -test.v -test.run SelfTest
GODEBUG=cpu.all=off /kernel.test -test.v -test.run SelfTest
/landscape-pipe doctor $flags
/landscape-pipe repro -q -j 1 --offline --check $flags
/landscape-pipe check $flags
END

# The machine. Bochs 2.7 reports a size of the compact form of XSAVE at which Linux
# gives up AVX, so that form is switched off.
(cd "$root" && find . | cpio -o -H newc --quiet) | gzip -1 >"$work/iso/initrd"
cp "$kernel" "$work/iso/vmlinuz"
cp $boot /usr/lib/syslinux/modules/bios/ldlinux.c32 "$work/iso/isolinux/"
cat >"$work/iso/isolinux/isolinux.cfg" <<'END'
default linux
label linux
  kernel /vmlinuz
  append initrd=/initrd rdinit=/init console=ttyS0 quiet loglevel=3 panic=-1 nokaslr nosmp mitigations=off clearcpuid=xsaves,xsavec tsc=reliable lpj=4000000 random.trust_cpu=on init_on_alloc=0 apparmor=0 audit=0
END
xorriso -as mkisofs -quiet -o "$work/cd.iso" -b isolinux/isolinux.bin -c isolinux/boot.cat \
	-no-emul-boot -boot-load-size 4 -boot-info-table "$work/iso" 2>/dev/null
cat >"$work/bochsrc" <<END
plugin_ctrl: unmapped=1, biosdev=1, speaker=0, extfpuirq=1, parallel=0, serial=1
display_library: rfb, options="timeout=0"
cpu: model=$model, count=1, ips=50000000, reset_on_triple_fault=0, ignore_bad_msrs=1
memory: guest=1024, host=1024
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path=$work/cd.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=$out/serial.txt
clock: sync=none, time0=utc
panic: action=fatal
error: action=ignore
info: action=ignore
log: $out/bochs.log
END
echo continue >"$work/debugger"
rm -f "$out/serial.txt"
echo "avx512: $model boots; its output follows when it ends"
# It ends with a power-off, which Bochs takes for a failure.
timeout "$limit" bochs -q -f "$work/bochsrc" -rc "$work/debugger" >"$out/bochs.out" 2>&1 </dev/null || true
cat "$out/serial.txt"
if ! grep -q "path avx512 gives the reference's bits" "$out/serial.txt"; then
	echo "avx512: the emulated machine did not take path avx512"
	exit 1
fi
grep -q '^[1-9][0-9]* passed, 0 failed' "$out/serial.txt"
