package fetch

import "github.com/landscape-pipe/landscape-pipe/pipeline/task"

// meter reports the bytes of downloads. The total is what the mirrors' files
// have; a file from elsewhere counts as if it had been downloaded.
type meter struct {
	report      func(done, total int)
	total       int64
	finished    int64 // of files that are there
	done, shown int64
}

// step is how many bytes pass between two reports.
const step = 256 << 10

func newMeter(t *task.Task, files []File) *meter {
	m := &meter{report: t.Progress}
	for _, f := range files {
		m.total += f.Download
	}
	m.report(0, int(m.total))
	return m
}

// set says that the file under way has n bytes. What is reported never goes
// back, also where a download starts again.
func (m *meter) set(n int64) {
	m.done = max(m.done, min(m.finished+n, m.total))
	if m.done-m.shown >= step {
		m.show()
	}
}

// finish says that the file is there.
func (m *meter) finish(f File) {
	m.finished += f.Download
	m.done = max(m.done, m.finished)
	m.show()
}

func (m *meter) show() {
	m.shown = m.done
	m.report(int(m.done), int(m.total))
}
