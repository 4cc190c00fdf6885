package page

import (
	"reflect"

	"github.com/kubemove/kubemove/internal/text"
)

// Lines is a text of several lines.
type Lines string

// clean makes all texts below a pointer plain, so that none is forgotten.
func clean(pointer any) { cleanValue(reflect.ValueOf(pointer).Elem()) }

func cleanValue(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		if v.Type() == reflect.TypeFor[Lines]() {
			v.SetString(text.Lines(v.String()))
		} else {
			v.SetString(text.Plain(v.String()))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			cleanValue(v.Elem())
		}
	case reflect.Slice:
		// The array may be the snapshot's, which others read.
		own := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(own, v)
		v.Set(own)
		for i := range v.Len() {
			cleanValue(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			cleanValue(v.Field(i))
		}
	}
}
