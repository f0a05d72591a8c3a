package cas

import "errors"

// Lookup implements [Store]. The first call reads all segments.
func (d *Disk) Lookup(t Table, key [32]byte) ([][]byte, error) {
	var buf [maxRowName]byte
	name, ok := appendRowName(buf[:0], t, key)
	if !ok {
		return nil, nil // no such row can have been committed
	}
	tables, err := d.borrowTables()
	if err != nil {
		return nil, d.storeError("read", err)
	}
	defer d.tablesMu.RUnlock()
	values, err := tables.lookup(t, name)
	return values, d.storeError("read", err)
}

// View calls f once with what Lookup returns. The values are only lent: they
// hold until f returns, and f must not use the store. So they need not be
// copied, of which a million lookups make a difference.
func (d *Disk) View(t Table, key [32]byte, f func(values [][]byte)) error {
	var buf [maxRowName]byte
	name, ok := appendRowName(buf[:0], t, key)
	if !ok {
		f(nil)
		return nil
	}
	tables, err := d.borrowTables()
	if err != nil {
		return d.storeError("read", err)
	}
	defer d.tablesMu.RUnlock()
	return d.storeError("read", tables.view(t, name, f))
}

// Rows calls yield for each row of a table, or of all tables for "", in the
// order of commits until it returns false. yield may call Get and Stat, and
// no other method of this store.
func (d *Disk) Rows(t Table, yield func(Row) bool) error {
	return d.storeError("read", d.withTables(func(tables *tables) error {
		return tables.rows(t, yield)
	}))
}

// Damage returns the stretches of segments that hold no sound row, as far as
// rows were read.
func (d *Disk) Damage() ([]RowDamage, error) {
	var damage []RowDamage
	err := d.withTables(func(tables *tables) error {
		tables.damageMu.Lock()
		defer tables.damageMu.Unlock()
		damage = append(damage, tables.damage...)
		return nil
	})
	return damage, d.storeError("read", err)
}

// borrowTables returns the rows, which it loads where that was not done.
// tablesMu is held for reading then, and the caller gives it back.
func (d *Disk) borrowTables() (*tables, error) {
	for {
		if d.closed.Load() {
			return nil, ErrClosed
		}
		d.tablesMu.RLock()
		if d.tables != nil {
			return d.tables, nil
		}
		d.tablesMu.RUnlock()
		if err := d.update(true); err != nil {
			return nil, err
		}
	}
}

// withTables calls f with the rows.
func (d *Disk) withTables(f func(*tables) error) error {
	tables, err := d.borrowTables()
	if err != nil {
		return err
	}
	defer d.tablesMu.RUnlock()
	return f(tables)
}

// Refresh implements [Store].
func (d *Disk) Refresh() error {
	if d.closed.Load() {
		return ErrClosed
	}
	return d.storeError("read", d.update(false))
}

// update brings the rows up to date. Rows that nobody asked for yet are read
// only if load is true.
func (d *Disk) update(load bool) error {
	d.tablesMu.Lock()
	defer d.tablesMu.Unlock()
	if d.closed.Load() {
		return ErrClosed
	}
	if d.tables == nil && !load {
		return nil
	}
	if d.tables != nil {
		err := d.tables.refresh()
		if err == nil {
			return nil
		}
		if !errors.Is(err, errMoved) {
			d.dropTables() // it may have come half way
			return err
		}
	}
	fresh, err := d.loadTables()
	if err != nil {
		return err
	}
	d.dropTables()
	d.tables = fresh
	return nil
}

// dropTables forgets the rows; tablesMu is held.
func (d *Disk) dropTables() {
	if d.tables != nil {
		d.tables.close()
		d.tables = nil
	}
}
