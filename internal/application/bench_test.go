package application

import (
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// BenchmarkMake plans a namespace of 940 applications, about 5,000 objects.
func BenchmarkMake(b *testing.B) {
	w := generate(1)
	for i := range 940 {
		w.application(100 + i)
	}
	w.in.Application.Selector = &metav1.LabelSelector{}
	for b.Loop() {
		if p := Make(w.in); len(p.Objects) < 1000 {
			b.Fatal(fmt.Sprint(len(p.Objects), " objects"))
		}
	}
	b.ReportMetric(float64(len(w.in.Objects)), "objects")
}
