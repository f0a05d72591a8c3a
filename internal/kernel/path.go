package kernel

// Path names the code in use: "avx2+fma", "neon" or "scalar". All of them
// give the same bits; only the time differs.
func Path() string {
	if vector {
		return vectorPath
	}
	return "scalar"
}
