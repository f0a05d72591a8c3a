// Package cifar reads the binary format of CIFAR-10 and CIFAR-100: records of
// one or two label bytes and the 3,072 pixels of an image of 32×32, its red,
// green and blue plane one after the other, each row by row. It is described at
// https://www.cs.toronto.edu/~kriz/cifar.html.
package cifar

import (
	"errors"
	"fmt"
)

// Pixels are the bytes of one image.
const Pixels = 3 * 32 * 32

// RecordSize returns the bytes of one object with that many label bytes.
func RecordSize(labelBytes int) int { return labelBytes + Pixels }

// Decode returns the images (objects×[Pixels]) and labels of the first n objects
// of a whole file. Each object has labelBytes labels, of which the last is taken:
// CIFAR-10 has one, CIFAR-100 the coarse and the fine one.
func Decode(b []byte, labelBytes, n int) (images, labels []uint8, err error) {
	size := RecordSize(labelBytes)
	if len(b) >= 2 && b[0] == 0x1f && b[1] == 0x8b && len(b)%size != 0 {
		return nil, nil, errors.New("cifar: file is compressed with gzip: decompress it first")
	}
	objects := len(b) / size
	if rest := len(b) % size; rest != 0 {
		return nil, nil, fmt.Errorf("cifar: %d bytes follow the %d whole records of %d bytes (%d of labels, %d of pixels): the file is truncated or of another format",
			rest, objects, size, labelBytes, Pixels)
	}
	if n < 1 || n > objects {
		return nil, nil, fmt.Errorf("cifar: want the first %d objects, the file has %d", n, objects)
	}
	images, labels = make([]uint8, 0, n*Pixels), make([]uint8, n)
	for i := range n {
		record := b[i*size : (i+1)*size]
		labels[i] = record[labelBytes-1]
		images = append(images, record[labelBytes:]...)
	}
	return images, labels, nil
}
