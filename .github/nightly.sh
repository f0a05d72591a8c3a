#!/bin/sh
# The nightly run: `make nightly` and .github/workflows/nightly.yml both call
# this. It reads and repairs the store, brings the results up to date, compares
# them with the expected ones, runs a sample again bit by bit, and writes reports.
# A step that fails does not keep the later ones from running; the exit code is
# that of the first one that failed.
#
#   .github/nightly.sh [FLAG…]      the flags go to every landscape-pipe command
#
# PROGRAM      the program                    (bin/landscape-pipe)
# OUT          the folder of the reports      (nightly)
# DETERMINISM  the command of the last step   (make determinism; empty: left out)
set -u
program=${PROGRAM:-bin/landscape-pipe}
out=${OUT:-nightly}
determinism=${DETERMINISM-make determinism}
code=0

mkdir -p "$out" || exit 1
rm -f "$out/steps.md"

# step NAME COMMAND… runs a command and notes in steps.md how it ended. What it
# says goes to NAME.txt too. An interrupt ends the whole run.
step() {
	name=$1
	shift
	printf '\n== %s: %s\n' "$name" "$*"
	{ "$@" 2>&1; echo $? >"$out/code"; } | tee "$out/$name.txt"
	read -r ended <"$out/code"
	rm "$out/code"
	case $ended in
	0) result=passed ;;
	130 | 143) exit "$ended" ;;
	*)
		result="failed with exit code $ended"
		[ "$code" -ne 0 ] || code=$ended
		;;
	esac
	echo "- $name $result" >>"$out/steps.md"
}

step doctor "$program" doctor "$@"
if grep -q '^ok *store .*: 0 objects' "$out/doctor.txt"; then
	echo "- store is empty" >>"$out/steps.md" # verify refuses a store that is not there
else
	step store "$program" verify --repair "$@" # fails if something was damaged, even if it is whole now
fi
step repro "$program" repro --keep-going --retries 2 --progress plain "$@"
step check "$program" check "$@"
for form in markdown:md junit:xml json:json; do
	"$program" check "--${form%:*}" "$@" >"$out/check.${form#*:}" 2>/dev/null
done
step rerun "$program" verify --rerun=40 "$@"
step report "$program" report -o "$out/report.html" "$@"
if [ -n "$determinism" ]; then
	# The words of the command are to be split.
	# shellcheck disable=SC2086
	step determinism $determinism
fi

printf '\n'
cat "$out/steps.md"
exit "$code"
