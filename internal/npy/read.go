package npy

import "fmt"

// Read returns the elements and the shape of the input of that name, a whole
// .npy file. The array must hold exactly type T and have the wanted shape,
// where −1 stands for any length. The elements of a uint8 array share the
// memory of the input. The error names the input.
func Read[T Element](inputs map[string][]byte, name string, want ...int) (values []T, shape []int, err error) {
	b, ok := inputs[name]
	if !ok {
		return nil, nil, fmt.Errorf("input %s is missing", name)
	}
	a, err := Decode(b)
	if err != nil {
		return nil, nil, fmt.Errorf("input %s: %w", name, err)
	}
	if !fits(a.Shape, want) {
		return nil, nil, fmt.Errorf("input %s has shape %v: want %v, where -1 stands for any length", name, a.Shape, want)
	}
	values, err = Values[T](a)
	if err != nil {
		return nil, nil, fmt.Errorf("input %s: %w", name, err)
	}
	return values, a.Shape, nil
}

func fits(shape, want []int) bool {
	if len(shape) != len(want) {
		return false
	}
	for i, n := range want {
		if n >= 0 && shape[i] != n {
			return false
		}
	}
	return true
}

// Rows returns the rows of the input of that name, a matrix of the wanted
// number of columns in a whole .npy file, as slices of one array. The error
// names the input.
func Rows[T Element](inputs map[string][]byte, name string, columns int) ([][]T, error) {
	values, shape, err := Read[T](inputs, name, -1, columns)
	if err != nil {
		return nil, err
	}
	rows := make([][]T, shape[0])
	for i := range rows {
		rows[i] = values[i*columns : (i+1)*columns : (i+1)*columns]
	}
	return rows, nil
}
