package phone

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// deepestElement bounds how far elements nest: no phone's file goes deeper than four.
const deepestElement = 32

// element is one XML element. The files are small (largestFile), so that the whole tree fits.
type element struct {
	name       string
	attributes []xml.Attr
	text       strings.Builder
	children   []*element
}

// parseXML reads a document as strictly as desk phones do: well-formed UTF-8 that begins with '<', one root, nothing after it, and no attribute
// twice, which the standard library's reader would let pass.
func parseXML(body []byte) (*element, error) {
	if len(body) == 0 {
		return nil, errors.New("the file is empty")
	}
	if body[0] != '<' {
		return nil, errors.New("the first byte isn't '<'; phones take no blank line and no byte order mark before it")
	}
	if !utf8.Valid(body) {
		return nil, errors.New("it isn't UTF-8")
	}
	decoder := xml.NewDecoder(bytes.NewReader(body))
	tree := &tree{}
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			line, _ := decoder.InputPos()
			return nil, fmt.Errorf("it isn't well-formed XML in line %d", line) // the reader's own words may repeat a password
		}
		if err := tree.take(token); err != nil {
			return nil, err
		}
	}
	if tree.root == nil {
		return nil, errors.New("there is no XML element in it")
	}
	return tree.root, nil
}

// tree grows while a document is read.
type tree struct {
	root *element
	open []*element
}

func (t *tree) take(token xml.Token) error {
	switch token := token.(type) {
	case xml.StartElement:
		return t.start(token)
	case xml.EndElement:
		t.open = t.open[:len(t.open)-1]
	case xml.CharData:
		if n := len(t.open); n > 0 {
			t.open[n-1].text.Write(token)
		} else if len(bytes.TrimSpace(token)) > 0 {
			return errors.New("it isn't well-formed XML: there is text outside the root element")
		}
	}
	return nil
}

func (t *tree) start(token xml.StartElement) error {
	node := &element{name: token.Name.Local, attributes: append([]xml.Attr(nil), token.Attr...)}
	seen := make(map[xml.Name]bool, len(node.attributes))
	for _, a := range node.attributes {
		if seen[a.Name] {
			return fmt.Errorf("it isn't well-formed XML: <%s> has the attribute %s twice", node.name, a.Name.Local)
		}
		seen[a.Name] = true
	}
	switch depth := len(t.open); {
	case depth == 0 && t.root != nil:
		return errors.New("it isn't well-formed XML: there is a second root element")
	case depth == 0:
		t.root = node
	case depth >= deepestElement:
		return fmt.Errorf("its elements nest deeper than %d", deepestElement)
	default:
		parent := t.open[depth-1]
		parent.children = append(parent.children, node)
	}
	t.open = append(t.open, node)
	return nil
}

// words returns the element's own text as phones read it: without blanks around, and with line breaks as blanks.
func (e *element) words() string {
	text := strings.ReplaceAll(strings.ReplaceAll(e.text.String(), "\r\n", "\n"), "\r", "\n")
	return strings.TrimSpace(strings.ReplaceAll(text, "\n", " "))
}
