package cas

// DiskSize returns how many bytes the file of an object takes, 0 where there
// is none.
func (d *Store) DiskSize(o Digest) int64 {
	size, err := d.fs.Size(d.ObjectPath(o))
	if err != nil {
		return 0
	}
	return size
}
