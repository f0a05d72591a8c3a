package stages

import "github.com/landscape-pipe/landscape-pipe/stages/fetch"

// datasetNames are the names of the catalogue, in its order.
func datasetNames() []string {
	var names []string
	for _, d := range fetch.Datasets() {
		names = append(names, d.Name)
	}
	return names
}

// datasetObjects is how many objects each data set of the catalogue has.
func datasetObjects() map[string]int {
	objects := map[string]int{}
	for _, d := range fetch.Datasets() {
		objects[d.Name] = d.Objects
	}
	return objects
}
