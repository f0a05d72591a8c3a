package kernel

// golden is Digests() on every machine. go test -run TestSelfTest -update
// prints a new table after a change of the order of operations, which also
// changes every artifact.
var golden = []Digest{
	{"products float32", "ea466c75b7cc71b197f48caf15bf10bd0ad346302d8976c4037ac831bf5d197d"},
	{"products float64", "e446f6e2059084fe891367121126d8b523414473b5c99eb49afedfcf909331bc"},
	{"products of bytes", "0b142c5ee734645a832c94eded91b60a1e2e86464bff78f87f6b70bf68fd89fc"},
	{"Adam", "d8ba1ccb8b5270649f3ac082a8700525481044d121cd24ec62d835969f345507"},
	{"vectors float32", "774bc7024fc9c60de5e00ef37b04166bdc5a58021ae3edfc1e4206f7a0ee230c"},
	{"vectors float64", "9b2fc911db0d3a95906c12c73fc039da6c0543338325903e227b94663b1c072f"},
	{"softmax", "26ea9b793ec6bf5275d3030dae3a028ede57cc8b2d4484879b49f859221d5f5d"},
	{"sparse float32", "6be5c1eef1a41f12ec6350a646ddba8a007bb2c51e5ee032da19d4db036511e2"},
	{"sparse float64", "1c05ff48d39b1a76e969a525112dc009666ba32fe7acedee562fdf4c0f80bc3d"},
	{"detmath float64", "50e1970ed5490182b6fc92f3cf2c1329eb1066480be5739179cb2bcad67fc0ee"},
	{"detmath float32", "6c3a535659fcfd32b0fccc947033316a6f664d0736a54e3a0da07ade0861450a"},
}
