package published

import "testing"

// TestThesis: nine networks have four points each, whose bounds lie above the norms.
func TestThesis(t *testing.T) {
	for _, depth := range []int{2, 4, 8} {
		for _, width := range []int{64, 128, 256} {
			for _, epoch := range []int{0, 1, 5, 10} {
				x, ok, err := Thesis(depth, width, epoch)
				if err != nil || !ok || x.Bound < x.GaussNewton || x.GaussNewton > 1.1*x.Hessian {
					t.Errorf("depth %d, width %d, epoch %d: %+v, %v, %v", depth, width, epoch, x, ok, err)
				}
			}
		}
	}
	if x, _, _ := Thesis(8, 256, 10); x != (ThesisPoint{8, 256, 10, 0.00627344, 36.2275, 36.2667, 1.12036e22}) {
		t.Errorf("the last point is %+v", x)
	}
	for _, text := range []string{"depth", thesisText + "1,2\n", thesisText + "2,64,0,x,1,1,1\n"} {
		if _, err := parseThesis(text); err == nil {
			t.Errorf("%.20q is accepted", text)
		}
	}
}
