// Package spec turns what an engine asks for into what a tenant may have. It is
// pure but for file.go: (policy, request, facts) in, (request, changes, denials)
// out. Whether a denial refuses is decided by who calls, from the tenant's
// enforcement.
//
// It promises that the result is never more than what was asked nor more than
// what the tenant may have, that the same input gives the same bytes, and that
// every part of the request has one owner: see census.go.
package spec

import (
	"encoding/json"
	"errors"
	"fmt"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/bulkhead-dev/bulkhead/spec/isolator"
)

// Result is what a rewrite came to.
type Result struct {
	Changes []Change
	Denials isolator.Denials
}

// Rewrite decides a Create. The request that it returns is a new one; c.Asked
// stays as it came. The error is not a denial but a failure to decide, which
// refuses the request whatever the enforcement.
func Rewrite(c *isolator.Case) (*isolator.Request, Result, error) {
	return rewriteWith(c, isolator.All())
}

func rewriteWith(c *isolator.Case, all []isolator.Isolator) (*isolator.Request, Result, error) {
	var res Result
	r := c.Asked.Draft()
	if err := each(&res, all, func(i isolator.Isolator) error { return i.Rewrite(c, r) }); err != nil {
		return nil, res, err
	}
	if len(res.Denials) == 0 {
		if err := holdsWith(c, r, all); err != nil {
			return nil, res, fmt.Errorf("the rewritten request exceeds the tenant, which is a defect of Bulkhead: %w", err)
		}
	}
	res.Changes = changes(c.Asked, r, all)
	return r, res, nil
}

// Holds reports whether a request is within the tenant.
func Holds(c *isolator.Case, r *isolator.Request) error {
	return holdsWith(c, r, isolator.All())
}

func holdsWith(c *isolator.Case, r *isolator.Request, all []isolator.Isolator) error {
	var errs []error
	for _, i := range all {
		if i.Holds != nil {
			errs = append(errs, i.Holds(c, r))
		}
	}
	return errors.Join(errs...)
}

// RewriteExec narrows a further process of a running container to what the
// tenant may have and the container was created with. c.Created is needed.
func RewriteExec(c *isolator.Case, asked *specs.Process) (*specs.Process, Result, error) {
	return rewriteExecWith(c, asked, isolator.All())
}

func rewriteExecWith(c *isolator.Case, asked *specs.Process, all []isolator.Isolator) (*specs.Process, Result, error) {
	var res Result
	p := new(specs.Process)
	if err := clone(asked, p); err != nil {
		return nil, res, err
	}
	err := each(&res, all, func(i isolator.Isolator) error {
		if i.Exec == nil {
			return nil
		}
		return i.Exec(c, p)
	})
	if err != nil {
		return nil, res, err
	}
	res.Changes = changes(processRequest(asked), processRequest(p), all)
	return p, res, nil
}

// RewriteUpdate decides new resources for a running container. The result is
// the full set, the recorded resources merged with the update, so that parts
// that arrive apart (a quota, then a period) are judged together. c.Created is needed.
func RewriteUpdate(c *isolator.Case, update *specs.LinuxResources) (*specs.LinuxResources, Result, error) {
	return rewriteUpdateWith(c, update, isolator.All())
}

func rewriteUpdateWith(c *isolator.Case, update *specs.LinuxResources, all []isolator.Isolator) (*specs.LinuxResources, Result, error) {
	var res Result
	merged, err := Merge(c.Created.Resources, update)
	if err != nil {
		return nil, res, err
	}
	r := new(specs.LinuxResources)
	if err := clone(merged, r); err != nil {
		return nil, res, err
	}
	err = each(&res, all, func(i isolator.Isolator) error {
		if i.Update == nil {
			return nil
		}
		return i.Update(c, r)
	})
	if err != nil {
		return nil, res, err
	}
	res.Changes = changes(resourcesRequest(merged), resourcesRequest(r), all)
	return r, res, nil
}

// each collects the denials of all isolators and joins what is not a denial.
func each(res *Result, all []isolator.Isolator, decide func(isolator.Isolator) error) error {
	var failures []error
	for _, i := range all {
		denials, err := isolator.DenialsOf(decide(i))
		res.Denials = append(res.Denials, denials...)
		if err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", i.Name, err))
		}
	}
	return errors.Join(failures...)
}

func clone(from, to any) error {
	data, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, to)
}

func processRequest(p *specs.Process) *isolator.Request {
	return &isolator.Request{Spec: &specs.Spec{Process: p}}
}

func resourcesRequest(r *specs.LinuxResources) *isolator.Request {
	return &isolator.Request{Spec: &specs.Spec{Linux: &specs.Linux{Resources: r}}}
}
