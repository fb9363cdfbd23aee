package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"dialtone/deviceprofiles"
	"dialtone/secret"
	"dialtone/store"
)

// bootSequence and bootStep are the fixtures of the vendor packs (docs/packs.md).
type bootSequence struct {
	Name, Agent, MAC string
	Models           []string
	Steps            []bootStep
}

type bootStep struct{ Get, Head, Put, Agent, Answer string }

// replayed is one phone whose boot is replayed.
type replayed struct {
	model    deviceprofiles.Model
	mac      deviceprofiles.MAC
	id       string // of the device
	password string
	client   *http.Client
	address  string
	proof    string // digest, basic or token
}

// replay: creates a device of each model whose files we write, and lets it boot as the fixtures of its family say, over HTTPS, once with digest and once with
// basic authentication, and once with its token in the path. Needs the embedded database, from which it takes what the phones know.
func replay(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: replay")
	}
	sequences, err := bootSequences()
	ts.Check(err)
	models := slices.DeleteFunc(slices.Clone(deviceprofiles.Models()), func(m deviceprofiles.Model) bool { return !m.Configured() })
	admin, token, customerID, org := ts.Getenv("ADMIN"), ts.Getenv("TOKEN"), ts.Getenv("CUSTOMER"), ts.Getenv("ORG")
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, MaxIdleConnsPerHost: 16,
	}}
	defer client.CloseIdleConnections()
	phones := make([]replayed, len(models))
	ts.Check(eachOf(len(models), func(i int) error {
		phones[i] = replayed{model: models[i], client: client, address: ts.Getenv("HTTPS")}
		return phones[i].order(admin, token, customerID, org, i)
	}))
	ts.Check(passwords(ts.Getenv("DATA"), phones))
	steps := 0
	for i := range phones {
		for _, s := range sequences[phones[i].model.Family] {
			if !s.isFor(phones[i].model) {
				continue
			}
			for _, proof := range []string{"digest", "basic", "token"} {
				phones[i].proof = proof
				for _, step := range s.Steps {
					steps++
					if err := phones[i].step(s, step); err != nil {
						ts.Fatalf("%s, %s, %s: %v", phones[i].model.Name, s.Name, proof, err)
					}
				}
			}
		}
	}
	_, _ = fmt.Fprintf(ts.Stdout(), "%d models, %d requests\n", len(phones), steps)
}

func bootSequences() (map[deviceprofiles.Family][]bootSequence, error) {
	paths, err := filepath.Glob("../../deviceprofiles/packs/*/fixtures/*.json")
	if err != nil {
		return nil, err
	}
	out := map[deviceprofiles.Family][]bootSequence{}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		var file struct{ Sequences []bootSequence }
		if err := json.Unmarshal(raw, &file); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		out[deviceprofiles.Family(strings.TrimSuffix(filepath.Base(path), ".json"))] = file.Sequences
	}
	return out, nil
}

func (s bootSequence) isFor(m deviceprofiles.Model) bool {
	number := strings.TrimPrefix(m.DisplayName, m.Vendor+" ")
	return len(s.Models) == 0 || slices.ContainsFunc(s.Models, func(begin string) bool { return strings.HasPrefix(number, begin) })
}

// order creates a person with the phone.
func (p *replayed) order(admin, token, customerID, org string, i int) error {
	blocks := append(deviceprofiles.AddressBlocks(p.model.Family), "02aabb")
	var err error
	if p.mac, err = deviceprofiles.ParseMAC(fmt.Sprintf("%s%06x", blocks[0], i+1)); err != nil {
		return err
	}
	var sub struct{ PersonID string }
	err = created(admin, token, "/v1/wholesale/subscribers", fmt.Sprintf(
		`{"customerId":%q,"email":"r%d@replay.example","package":"webex_calling","provisioningParameters":{"extension":"%d"}}`, customerID, i, 10000+i), &sub)
	if err != nil {
		return err
	}
	var device struct{ ID string }
	err = created(admin, token, "/v1/devices?orgId="+org, fmt.Sprintf(`{"mac":%q,"model":%q,"personId":%q}`, p.mac, p.model.Name, sub.PersonID), &device)
	p.id = device.ID
	return err
}

// passwords takes out of the database what the phones show over HTTPS.
func passwords(data string, phones []replayed) error {
	text, err := os.ReadFile(filepath.Join(data, "master.key"))
	if err != nil {
		return err
	}
	ring, err := secret.ParseKeyring(string(text), rand.Reader)
	if err != nil {
		return err
	}
	ctx := context.Background()
	db, err := store.Open(ctx, store.Config{URL: filepath.Join(data, "dialtone.db")})
	if err != nil {
		return err
	}
	defer db.Close()
	for i := range phones {
		device, err := db.Provisioning().AnyTenantDeviceByMAC(ctx, phones[i].mac)
		if err != nil {
			return err
		}
		plain, err := ring.Open("device-access:"+string(device.ID), device.Access)
		if err != nil {
			return err
		}
		phones[i].password = string(plain)
	}
	return nil
}

// step asks one question, without credentials first, and holds the answer against the fixture.
func (p *replayed) step(s bootSequence, step bootStep) error {
	number := strings.TrimPrefix(p.model.DisplayName, p.model.Vendor+" ")
	fill := strings.NewReplacer("{mac}", p.mac.Lower(), "{MAC}", p.mac.String(), "{model}", number, "{common}", p.model.CommonFile)
	method, path := http.MethodGet, step.Get
	switch {
	case step.Head != "":
		method, path = http.MethodHead, step.Head
	case step.Put != "":
		method, path = http.MethodPut, step.Put
	}
	path = "/" + strings.TrimPrefix(strings.ReplaceAll(fill.Replace(path), " ", "%20"), "/") // TFTP's paths have no slash in front
	agent := s.Agent
	if step.Agent != "" {
		agent = step.Agent
	}
	got, err := p.ask(method, p.folder()+path, fill.Replace(agent))
	if err != nil {
		return err
	}
	want := map[string][]int{"own": {200}, "open": {200}, "none": {404}, "refused": {401, 403}, "kept": {200, 201, 204}}[step.Answer]
	if step.Answer == "kept" && method != http.MethodPut {
		want = append(want, 404) // not uploaded yet
	}
	if hit, err := deviceprofiles.Match(path, ""); step.Answer == "none" && err == nil && !slices.Contains(hit.Families, p.model.Family) {
		want = append(want, 200) // another family's file for everybody
	}
	if !slices.Contains(want, got) {
		return fmt.Errorf("%s %s: %d, not %d", method, path, got, want)
	}
	return nil
}

// folder is what stands before the path: the phone's token, if that is what it shows.
func (p *replayed) folder() string {
	if p.proof != "token" {
		return ""
	}
	hash := hmac.New(sha256.New, []byte(p.password))
	hash.Write([]byte("token in paths"))
	return "/t-" + hex.EncodeToString(hash.Sum(nil)[:20])
}

// ask asks, answers a challenge once, and returns the last status.
func (p *replayed) ask(method, path, agent string) (int, error) {
	status, challenges, err := p.send(method, path, agent, "")
	if err != nil || status != http.StatusUnauthorized || p.proof == "token" {
		return status, err
	}
	proof := "Basic"
	for _, challenge := range challenges {
		if p.proof == "digest" && strings.Contains(challenge, "algorithm=MD5") {
			proof = challenge
		}
	}
	status, _, err = p.send(method, path, agent, proof)
	return status, err
}

// send asks once, and returns the status and the challenges.
func (p *replayed) send(method, path, agent, challenge string) (int, []string, error) {
	var body io.Reader
	if method == http.MethodPut {
		body = bytes.NewReader([]byte("# of the phone\n"))
	}
	request, err := http.NewRequest(method, "https://"+p.address, body)
	if err != nil {
		return 0, nil, err
	}
	decoded, err := url.PathUnescape(path)
	if err != nil {
		return 0, nil, err
	}
	request.URL.Path, request.URL.RawPath = decoded, path
	request.Header.Set("User-Agent", agent)
	switch {
	case challenge == "Basic":
		request.SetBasicAuth(p.mac.Lower(), p.password)
	case challenge != "":
		request.Header.Set("Authorization", p.digest(challenge, method, request.URL.RequestURI()))
	}
	response, err := p.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, response.Header.Values("WWW-Authenticate"), err
}

var challengeField = regexp.MustCompile(`(realm|nonce)="([^"]*)"`)

// digest answers a challenge (RFC 7616 section 3.4, MD5 with qop auth).
func (p *replayed) digest(challenge, method, path string) string {
	fields := map[string]string{}
	for _, m := range challengeField.FindAllStringSubmatch(challenge, -1) {
		fields[m[1]] = m[2]
	}
	hash := func(text string) string {
		sum := md5.Sum([]byte(text))
		return hex.EncodeToString(sum[:])
	}
	const count, client = "00000001", "5ca1ab1e"
	response := hash(hash(p.mac.Lower()+":"+fields["realm"]+":"+p.password) + ":" + fields["nonce"] + ":" + count + ":" + client + ":auth:" + hash(method+":"+path))
	return fmt.Sprintf(`Digest username=%q, realm=%q, nonce=%q, uri=%q, algorithm=MD5, qop=auth, nc=%s, cnonce=%q, response=%q`,
		p.mac.Lower(), fields["realm"], fields["nonce"], path, count, client, response)
}
