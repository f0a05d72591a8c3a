//go:build linux

// Command init is the first process of the emulated machine of run.sh: it runs
// the commands of /commands, one per line, and switches the machine off. Words
// with a = before the program's name go into its environment.
package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

func main() {
	for _, m := range []struct{ kind, at string }{{"proc", "/proc"}, {"devtmpfs", "/dev"}, {"sysfs", "/sys"}} {
		if err := syscall.Mount(m.kind, m.at, m.kind, 0, ""); err != nil {
			fmt.Println("mount", m.at, err)
		}
	}
	// The test package's folders and the program's need a home and a path.
	os.Setenv("HOME", "/")
	os.Setenv("TMPDIR", "/tmp")
	os.Setenv("NO_COLOR", "1")
	passed, failed := runAll("/commands")
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	// The line has to leave the serial port before the power goes.
	const drain = 0x5409
	syscall.Syscall(syscall.SYS_IOCTL, 1, drain, 1)
	time.Sleep(time.Second)
	syscall.Reboot(syscall.LINUX_REBOOT_CMD_POWER_OFF)
}

func runAll(file string) (passed, failed int) {
	f, err := os.Open(file)
	if err != nil {
		fmt.Println(err)
		return 0, 1
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		words, env := strings.Fields(lines.Text()), os.Environ()
		for len(words) > 1 && strings.Contains(words[0], "=") {
			env, words = append(env, words[0]), words[1:]
		}
		if len(words) == 0 {
			continue
		}
		fmt.Println("$", lines.Text())
		began := time.Now()
		c := exec.Command(words[0], words[1:]...)
		c.Env, c.Stdout, c.Stderr = env, os.Stdout, os.Stdout
		if err := c.Run(); err != nil {
			failed++
			fmt.Printf("failed: %v\n", err)
			continue
		}
		passed++
		fmt.Printf("passed in %.1f s of emulated time\n", time.Since(began).Seconds())
	}
	return passed, failed
}
