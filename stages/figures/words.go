package figures

import "github.com/landscape-pipe/landscape-pipe/internal/chart"

// title names the data, then what is the same for all networks.
func (p Params) title(fixed ...string) string { return chart.Title(p.Dataset, p.Input, fixed...) }
