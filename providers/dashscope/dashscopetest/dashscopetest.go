package dashscopetest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dashscope/dashscopedialect"
	"github.com/vecspace/embedding/providers/dashscope/internal/models"
	"github.com/vecspace/embedding/providers/dashscope/internal/problem"
	"github.com/vecspace/embedding/providers/dialect"
	"github.com/vecspace/embedding/providers/emulator"
)

// The paths of the service. Any other path gets status 404 without a body.
const (
	BasePath       = "/compatible-mode/v1" // the path of a base URL
	CompatiblePath = BasePath + "/embeddings"
	NativeBasePath = "/api/v1" // the path of a base URL of the native API
	NativePath     = NativeBasePath + "/services/embeddings/text-embedding/text-embedding"
)

// Options configures [New]. The zero value is the international region's service. It accepts
// emulator.DefaultKey and has the documented limits, no rates, no latency and no faults.
type Options struct {
	emulator.Options // Keys are good in Region; the real service has not been seen to send Retry-After
	// Region is the region to emulate, as in dashscope.Options; "" means intl. It decides which
	// models, dimensions and keys are good, and which page error messages name.
	Region string
	// KeyRegions are more good keys, each with its region; "" means Region. A key of another region
	// gets the same 401 as a wrong key.
	KeyRegions map[string]string
}

// New returns an emulator. It does no I/O.
func New(o Options) (*emulator.Server, error) {
	region := cmp.Or(o.Region, "intl")
	if err := checkRegion(region); err != nil {
		return nil, err
	}
	if o.KeyRegions != nil {
		o.Keys = slices.Concat([]string{}, o.Keys)
	}
	for key, home := range o.KeyRegions {
		home = cmp.Or(home, region)
		if err := checkRegion(home); err != nil {
			return nil, fmt.Errorf("a key's region: %w", err)
		}
		if home == region || strings.TrimSpace(key) == "" { // a blank key is refused below
			o.Keys = append(o.Keys, key)
		}
	}
	return emulator.New(vendor(region), o.Options)
}

// vendor is DashScope in one region.
func vendor(region string) emulator.Vendor {
	v := emulator.Vendor{
		Name: "dashscopetest", Dialect: dashscopedialect.New(region), About: map[string]any{"region": region},
		Base64: true, Doubles: true, MaxBody: emulator.MaxBody, // the service's own limit is unknown
		Unknown: unknown, Spell: spell,
	}
	if region == models.BatchRegion {
		v.Batches, v.BatchLines = BasePath, models.BatchLines
	}
	for _, f := range errorsOfTheService() {
		v.Faults = append(v.Faults, f.FaultInfo)
	}
	for _, m := range models.All() {
		if !m.In(region) {
			v.Limited = append(v.Limited, m.ID)
			continue
		}
		to := dialect.Model{Model: embedding.Model{ID: m.ID, Dimensions: m.Default, Limits: m.Limits}}
		if !m.Fixed {
			to.Lengths = m.DimensionsIn(region)
		}
		v.Models = append(v.Models, to)
	}
	return v
}

func checkRegion(name string) error {
	var known []string
	for _, r := range models.Regions() {
		if r.Name == name {
			return nil
		}
		known = append(known, r.Name)
	}
	return fmt.Errorf("dashscopetest: unknown region %q: there are %s", name, strings.Join(known, ", "))
}

// Catalog returns all faults, sorted by name.
func Catalog() []emulator.FaultInfo { return vendor("intl").Catalog() }

// ParseFault reads a fault in the form of flags and the control API, such as "slow=p:0.1,delay:2s".
// It returns an error if this emulator does not have the fault.
func ParseFault(spec string) (emulator.Fault, error) {
	f, err := emulator.ParseFault(spec)
	if err != nil {
		return f, err
	}
	return f, f.In(Catalog())
}

// elsewhere are models of the service that neither of the two paths has.
var elsewhere = []string{
	"qwen3-vl-embedding", "qwen2.5-vl-embedding", "multimodal-embedding-v1",
	"tongyi-embedding-vision-plus", "tongyi-embedding-vision-flash",
	"text-embedding-async-v1", "text-embedding-async-v2",
}

func unknown(r *dialect.Request, model string) *dialect.Refusal {
	known := slices.ContainsFunc(elsewhere, func(name string) bool {
		return model == name || strings.HasPrefix(model, name+"-2") // a snapshot, by its date
	})
	switch native := problem.Native(r); {
	case known && native:
		return problem.WrongURL.Say(r)
	case known:
		return problem.NotCompatible.Say(r, "{model}", model)
	case native:
		return problem.NativeUnknownModel.Say(r)
	}
	return problem.UnknownModel.Say(r, "{model}", model)
}

// spell gives a fault's error the form of the path, or of the fault.
func spell(r *dialect.Request, f emulator.Fault, _ dialect.Refusal) dialect.Refusal {
	all := errorsOfTheService()
	e := all[slices.IndexFunc(all, func(e errorFault) bool { return e.Name == f.Name })]
	why := e.says.Spell(problem.Native(r) || e.flat || f.Flat)
	why.Status = e.Status
	return why
}
