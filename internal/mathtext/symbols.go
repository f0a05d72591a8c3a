package mathtext

// class decides the space between two atoms, as in TeX (The TeXbook, chapter
// 18).
type class uint8

const (
	ordinary class = iota
	operator       // ln, max: a thin space to a neighbouring ordinary atom
	binary         // +: a medium space on both sides, unless it is a sign
	relation       // =: a thick space on both sides
	opening
	closing
	punctuation
	space // an explicit space
)

// style is the font that a character is taken from.
type style uint8

const (
	upright style = iota
	italic
	symbol // the mathematics font
)

// glyph is one character of a label.
type glyph struct {
	r     rune
	style style
}

// command is what a name after a backslash means.
type command struct {
	text  string
	style style
	class class
	em    float64 // width of an explicit space
}

var commands = map[string]command{
	"alpha": {text: "α", style: italic}, "beta": {text: "β", style: italic},
	"gamma": {text: "γ", style: italic}, "delta": {text: "δ", style: italic},
	"epsilon": {text: "ε", style: italic}, "eta": {text: "η", style: italic},
	"theta": {text: "θ", style: italic}, "kappa": {text: "κ", style: italic},
	"lambda": {text: "λ", style: italic}, "mu": {text: "μ", style: italic},
	"nu": {text: "ν", style: italic}, "xi": {text: "ξ", style: italic},
	"pi": {text: "π", style: italic}, "rho": {text: "ρ", style: italic},
	"sigma": {text: "σ", style: italic}, "tau": {text: "τ", style: italic},
	"phi": {text: "φ", style: italic}, "chi": {text: "χ", style: italic},
	"psi": {text: "ψ", style: italic}, "omega": {text: "ω", style: italic},
	"Delta": {text: "Δ"}, "Lambda": {text: "Λ"}, "Sigma": {text: "Σ"},
	"Phi": {text: "Φ"}, "Omega": {text: "Ω"},

	"ell": {text: "ℓ", style: symbol}, "infty": {text: "∞", style: symbol},
	"partial": {text: "∂", style: symbol}, "nabla": {text: "∇", style: symbol},
	"prime": {text: "′", style: symbol}, "ldots": {text: "…"},
	"|": {text: "‖", style: symbol},

	"cdot": {text: "·", class: binary}, "times": {text: "×", class: binary},
	"pm":      {text: "±", class: binary},
	"leq":     {text: "≤", style: symbol, class: relation},
	"geq":     {text: "≥", style: symbol, class: relation},
	"approx":  {text: "≈", style: symbol, class: relation},
	"propto":  {text: "∝", style: symbol, class: relation},
	"in":      {text: "∈", style: symbol, class: relation},
	"to":      {text: "→", style: symbol, class: relation},
	"langle":  {text: "⟨", style: symbol, class: opening},
	"rangle":  {text: "⟩", style: symbol, class: closing},
	"log":     {text: "log", class: operator},
	"ln":      {text: "ln", class: operator},
	"max":     {text: "max", class: operator},
	"min":     {text: "min", class: operator},
	"median":  {text: "median", class: operator},
	"mean":    {text: "mean", class: operator},
	"{":       {text: "{", class: opening},
	"}":       {text: "}", class: closing},
	"$":       {text: "$"},
	"%":       {text: "%"},
	"_":       {text: "_"},
	",":       {text: " ", class: space, em: 3. / 18},
	";":       {text: " ", class: space, em: 5. / 18},
	"quad":    {text: " ", class: space, em: 1},
	"lbrace":  {text: "{", class: opening},
	"rbrace":  {text: "}", class: closing},
	"lVert":   {text: "‖", style: symbol, class: opening},
	"rVert":   {text: "‖", style: symbol, class: closing},
	"lvert":   {text: "|", class: opening},
	"rvert":   {text: "|", class: closing},
	"square":  {text: "□", style: symbol},
	"bullet":  {text: "•", class: binary},
	"percent": {text: "%"},
}

// calligraphic maps the argument of \mathcal to the script capitals.
var calligraphic = map[rune]rune{
	'A': '𝒜', 'B': 'ℬ', 'C': '𝒞', 'D': '𝒟', 'E': 'ℰ', 'F': 'ℱ', 'G': '𝒢',
	'H': 'ℋ', 'I': 'ℐ', 'J': '𝒥', 'K': '𝒦', 'L': 'ℒ', 'M': 'ℳ', 'N': '𝒩',
	'O': '𝒪', 'P': '𝒫', 'Q': '𝒬', 'R': 'ℛ', 'S': '𝒮', 'T': '𝒯', 'U': '𝒰',
	'V': '𝒱', 'W': '𝒲', 'X': '𝒳', 'Y': '𝒴', 'Z': '𝒵',
}

// character is what a character of mathematics means by itself.
func character(r rune) (glyph, class) {
	switch {
	case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z':
		return glyph{r, italic}, ordinary
	case r == '-':
		return glyph{'−', upright}, binary
	case r == '+', r == '−', r == '±', r == '×', r == '·':
		return glyph{r, upright}, binary
	case r == '*':
		return glyph{'∗', symbol}, ordinary
	case r == '=', r == '<', r == '>':
		return glyph{r, upright}, relation
	case r == '≈', r == '≤', r == '≥':
		return glyph{r, symbol}, relation
	case r == '(', r == '[':
		return glyph{r, upright}, opening
	case r == ')', r == ']':
		return glyph{r, upright}, closing
	case r == ',', r == ';':
		return glyph{r, upright}, punctuation
	case r == '‖':
		return glyph{r, symbol}, ordinary
	case r >= 'α' && r <= 'ω':
		return glyph{r, italic}, ordinary
	}
	return glyph{r, upright}, ordinary
}
