package cas

import "errors"

// Lookup returns the values of all rows with this key in the order in which
// they were committed, nil if there is none. A damaged row is skipped as if it
// had never been written (see Damage). The slices must not be changed. The
// first call reads all segments.
func (d *Store) Lookup(t Table, key [32]byte) ([][]byte, error) {
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

// Rows calls yield for each row of a table, or of all tables for "", in the
// order of commits until it returns false. yield may call Get and Stat, and
// no other method of this store.
func (d *Store) Rows(t Table, yield func(Row) bool) error {
	return d.storeError("read", d.withTables(func(tables *tables) error {
		return tables.rows(t, yield)
	}))
}

// Damage returns the stretches of segments that hold no sound row, as far as
// rows were read.
func (d *Store) Damage() ([]RowDamage, error) {
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
func (d *Store) borrowTables() (*tables, error) {
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
func (d *Store) withTables(f func(*tables) error) error {
	tables, err := d.borrowTables()
	if err != nil {
		return err
	}
	defer d.tablesMu.RUnlock()
	return f(tables)
}

// Refresh makes the rows visible that other processes committed since.
func (d *Store) Refresh() error {
	if d.closed.Load() {
		return ErrClosed
	}
	return d.storeError("read", d.update(false))
}

// update brings the rows up to date. Rows that nobody asked for yet are read
// only if load is true.
func (d *Store) update(load bool) error {
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
func (d *Store) dropTables() {
	if d.tables != nil {
		d.tables.close()
		d.tables = nil
	}
}
