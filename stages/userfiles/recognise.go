package userfiles

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/landscape-pipe/landscape-pipe/internal/safetensors"
)

// HeadSize is how many bytes from the beginning of a file [CheckHead] needs.
const HeadSize = 4096

const saveHint = "in Python: safetensors.torch.save_file(model.state_dict(), \"weights.safetensors\")"

// formats are what people have in place of the files that are read, found by the
// bytes at an offset, with what to do if it was to be the weights or an array.
var formats = []struct {
	magic          string
	at             int
	what           string
	weights, array string
}{
	{"version https://git-lfs.github.com/spec/", 0, "a Git LFS pointer, not the file that it stands for", "git lfs pull", "git lfs pull"},
	{"version https://hawser.github.com/spec/", 0, "a Git LFS pointer, not the file that it stands for", "git lfs pull", "git lfs pull"},
	{"\x1f\x8b", 0, "a file compressed with gzip", "decompress it with gunzip", "decompress it with gunzip"},
	{"BZh", 0, "a file compressed with bzip2", "decompress it with bunzip2", "decompress it with bunzip2"},
	{"\xfd7zXZ\x00", 0, "a file compressed with xz", "decompress it with unxz", "decompress it with unxz"},
	{"\x28\xb5\x2f\xfd", 0, "a file compressed with zstd", "decompress it with unzstd", "decompress it with unzstd"},
	{"PK\x03\x04", 0, "a zip archive, as torch.save, Keras and numpy.savez write",
		saveHint + "; or safetensors.numpy.save_file(dict(numpy.load(\"weights.npz\")), \"weights.safetensors\")", "in Python: numpy.save(\"array.npy\", numpy.load(\"archive.npz\")[\"name\"])"},
	{"\x89HDF\r\n\x1a\n", 0, "an HDF5 file, as Keras and h5py write",
		"in Python: safetensors.numpy.save_file({name: numpy.ascontiguousarray(kernel.T), …}, \"weights.safetensors\"), because Keras has kernels as inputs × outputs",
		"in Python: numpy.save(\"array.npy\", h5py.File(\"data.h5\")[\"name\"][:])"},
	{npyMagic, 0, "a .npy array", "save the matrices in Python with safetensors.numpy.save_file({name: matrix, …}, \"weights.safetensors\")", ""},
	{"MATLAB 5.0 MAT-file", 0, "a MATLAB file", "in Python: safetensors.numpy.save_file({name: numpy.ascontiguousarray(matrix), …}, \"weights.safetensors\") with what scipy.io.loadmat reads",
		"in Python: numpy.save(\"array.npy\", scipy.io.loadmat(\"data.mat\")[\"name\"])"},
	{"GGUF", 0, "a GGUF file", saveHint, ""},
	{"TFL3", 4, "a TensorFlow Lite model", "save its matrices in Python with safetensors.numpy.save_file({name: matrix, …}, \"weights.safetensors\")", ""},
	{"\x89PNG\r\n\x1a\n", 0, "a PNG image", "", "save all images as one array of objects × values: numpy.save(\"inputs.npy\", numpy.stack(images))"},
	{"\xff\xd8\xff", 0, "a JPEG image", "", "save all images as one array of objects × values: numpy.save(\"inputs.npy\", numpy.stack(images))"},
	{"ustar", 257, "a tar archive", "take the file out of it with tar -xf", "take the file out of it with tar -xf"},
	{"PAR1", 0, "a Parquet file", "", "in Python: numpy.save(\"array.npy\", pandas.read_parquet(\"data.parquet\").to_numpy())"},
}

// CheckHead finds a file of another format from the beginning of a file of that
// many bytes, at most HeadSize bytes, before all of it is read. A mistake is an
// *[Error].
func CheckHead(name string, weights bool, head []byte, size int64) error {
	var wrong error
	if weights {
		wrong = safetensors.CheckHead(head, size)
	} else if !bytes.HasPrefix(head, []byte(npyMagic)) {
		wrong = fmt.Errorf("not a .npy file: it begins with %q", head[:min(len(head), len(npyMagic))])
	}
	if wrong == nil {
		return nil
	}
	what, hint := recognise(weights, head)
	switch {
	case what != "" && weights:
		return &Error{File: name, Text: "it is " + what + ": want a safetensors file", Hint: hint}
	case what != "":
		return &Error{File: name, Text: "it is " + what + ": want a .npy array", Hint: hint}
	case weights && strings.Contains(wrong.Error(), "truncated"):
		return &Error{File: name, Text: wrong.Error(), Hint: copyHint}
	case weights:
		return &Error{File: name, Text: wrong.Error(), Hint: saveHint}
	}
	return &Error{File: name, Text: wrong.Error(), Hint: "in Python: numpy.save(\"array.npy\", array)"}
}

const npyMagic = "\x93NUMPY"

// recognise says what another format is and what to do, or nothing.
func recognise(weights bool, head []byte) (what, hint string) {
	if len(head) == 0 {
		return "empty", ""
	}
	for _, f := range formats {
		if len(head) < f.at || !bytes.HasPrefix(head[f.at:], []byte(f.magic)) {
			continue
		}
		if weights {
			return f.what, f.weights
		}
		return f.what, f.array
	}
	start := bytes.ToLower(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n"))
	switch {
	case bytes.HasPrefix(start, []byte("<!doctype html")), bytes.HasPrefix(start, []byte("<html")), bytes.HasPrefix(start, []byte("<?xml")):
		return "a web page, not the file that it is about", "download the file itself: the address behind the page's download button"
	case len(head) > 2 && head[0] == 0x80 && head[1] >= 2 && head[1] <= 5:
		if weights {
			return "a pickle, as torch.save writes", saveHint
		}
		return "a pickle", "in Python: numpy.save(\"array.npy\", numpy.asarray(pickle.load(open(\"data.pkl\", \"rb\"))))"
	case len(head) > 3 && head[0] == 8 && head[1] < 32 && head[2] == 0x12 && int(head[3]) < 64:
		if !weights {
			return "an ONNX model, it seems", ""
		}
		return "an ONNX model, it seems", "save its matrices in Python with safetensors.numpy.save_file({i.name: onnx.numpy_helper.to_array(i) for i in onnx.load(\"model.onnx\").graph.initializer}, \"weights.safetensors\")"
	case !weights && len(head) > 9 && safetensors.CheckHead(head, 1<<62) == nil:
		return "a safetensors file", "in Python: numpy.save(\"array.npy\", safetensors.numpy.load_file(\"data.safetensors\")[\"name\"])"
	case !weights && len(head) > 4 && head[0] == 0 && head[1] == 0 && head[2] >= 8 && head[2] <= 14 && head[3] >= 1 && head[3] <= 4:
		return "an IDX file, as MNIST has", "in Python, for images of 28×28: numpy.save(\"inputs.npy\", numpy.fromfile(\"images\", numpy.uint8)[16:].reshape(-1, 784)); for labels: [8:]"
	case isText(head) && bytes.HasPrefix(start, []byte("{")):
		if weights && bytes.Contains(head, []byte("weight_map")) {
			return "an index that lists the parts of a network", "load the parts in Python and save them as one file: safetensors.torch.save_file({…}, \"weights.safetensors\")"
		}
		return "JSON text", ""
	case isText(head):
		if weights {
			return "text", saveHint
		}
		return "text", "in Python: numpy.save(\"array.npy\", numpy.loadtxt(\"data.csv\", delimiter=\",\"))"
	}
	return "", ""
}

// isText reports whether all of the beginning can be read as UTF-8 without
// control characters.
func isText(head []byte) bool {
	for len(head) > 0 {
		r, n := utf8.DecodeRune(head)
		if r == utf8.RuneError && n == 1 && len(head) >= utf8.UTFMax || r < ' ' && r != '\n' && r != '\r' && r != '\t' {
			return false
		}
		head = head[n:]
	}
	return true
}
