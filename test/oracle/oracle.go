// Trees, proofs, notes and receipts made and judged by Go's x/mod/sumdb, in the
// lines that oracle.c makes and judges with src/core.
//
//	make    print them; leaf i of the tree is the decimal digits of i
//	check   read them, and fail unless all verify
//	judge   read notes, change bits of each, and say what becomes of it
//
// What sumdb lacks is written here from C2SP's texts: cosignatures (tlog-cosignature)
// and receipts (tlog-proof).
package main

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	leaves     = 70000
	small      = 64
	middle     = 600
	largeCount = 60
	notes      = 200
	witnesses  = 3
	changes    = 60
)

var origins = []string{
	"example.org/log/3355c1c2-20ba-8926-ae0b-d0359cfd02fe",
	"a",
	"журнал.example",
	"tls.example:443/~log?x=1&y=2#z",
}

func stop(args ...any) {
	fmt.Fprintln(os.Stderr, append([]any{"oracle:"}, args...)...)
	os.Exit(1)
}

func must[T any](value T, err error) T {
	if err != nil {
		stop(err)
	}
	return value
}

// Knuth's MMIX generator: oracle.c has the same.
var state uint64

func pick(below int) int {
	state = state*6364136223846793005 + 1442695040888963407
	return int((state >> 33) % uint64(below))
}

// The tree as sumdb stores it.
var stored []tlog.Hash

var reader = tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		hashes[i] = stored[index]
	}
	return hashes, nil
})

func leaf(n int64) tlog.Hash {
	return tlog.RecordHash([]byte(strconv.FormatInt(n, 10)))
}

func makeTree() {
	for n := int64(0); n < leaves; n++ {
		stored = append(stored, must(tlog.StoredHashesForRecordHash(n, leaf(n), reader))...)
	}
}

var roots = map[int64]tlog.Hash{}

func root(size int64) tlog.Hash {
	if _, known := roots[size]; !known {
		roots[size] = must(tlog.TreeHash(size, reader))
	}
	return roots[size]
}

func words(hashes []tlog.Hash) string {
	var b strings.Builder
	for _, hash := range hashes {
		b.WriteString(" " + hash.String())
	}
	return b.String()
}

func printRoot(w *bufio.Writer, size int64) {
	fmt.Fprintf(w, "root %d %s\n", size, root(size))
}

func printProofs(w *bufio.Writer, index, size int64) {
	fmt.Fprintf(w, "in %d %d%s\n", index, size, words(must(tlog.ProveRecord(size, index, reader))))
	fmt.Fprintf(w, "grow %d %d%s\n", index+1, size, words(must(tlog.ProveTree(size, index+1, reader))))
}

func printTrees(w *bufio.Writer) {
	for size := int64(1); size <= middle; size++ {
		printRoot(w, size)
		for i := int64(0); i < size; i++ {
			if size > small && i > 0 && i < size-1 && pick(int(size)) > 2 {
				continue
			}
			printProofs(w, i, size)
		}
	}
	for i := 0; i < largeCount; i++ {
		size := int64(1 + pick(leaves))
		at := int64(pick(int(size)))
		printRoot(w, size)
		printProofs(w, at, size)
	}
}

// The seed of key n is SHA-256 of "oracle key n".
func privateKey(n int) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(fmt.Sprintf("oracle key %d", n)))
	return ed25519.NewKeyFromSeed(seed[:])
}

func keyHash(name string, typed []byte) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n"), typed...))
	return binary.BigEndian.Uint32(sum[:])
}

func vkeyText(name string, typed []byte) string {
	return fmt.Sprintf("%s+%08x+%s", name, keyHash(name, typed), base64.StdEncoding.EncodeToString(typed))
}

// A cosigner of type 4: signer if it has a private key, and verifier.
type cosigner struct {
	name    string
	time    int64
	private ed25519.PrivateKey
	public  ed25519.PublicKey
}

func (c *cosigner) typed() []byte   { return append([]byte{4}, c.public...) }
func (c *cosigner) Name() string    { return c.name }
func (c *cosigner) KeyHash() uint32 { return keyHash(c.name, c.typed()) }

func cosigned(time uint64, text []byte) []byte {
	return append([]byte(fmt.Sprintf("cosignature/v1\ntime %d\n", time)), text...)
}

func (c *cosigner) Sign(text []byte) ([]byte, error) {
	stamp := binary.BigEndian.AppendUint64(nil, uint64(c.time))
	return append(stamp, ed25519.Sign(c.private, cosigned(uint64(c.time), text))...), nil
}

func (c *cosigner) Verify(text, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	return ed25519.Verify(c.public, cosigned(binary.BigEndian.Uint64(sig), text), sig[8:])
}

// Note n: a checkpoint of the tree, by the log's key and n % 4 witnesses; and the keys' texts.
func makeNote(n int, size int64) (string, string) {
	origin := origins[n%4]
	key := privateKey(n % 4)
	public := append([]byte{1}, key.Public().(ed25519.PublicKey)...)
	secret := fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", origin, keyHash(origin, public),
		base64.StdEncoding.EncodeToString(append([]byte{1}, key.Seed()...)))
	signers := []note.Signer{must(note.NewSigner(secret))}
	vkeys := " " + must(note.NewEd25519VerifierKey(origin, public[1:]))
	for i := 1; i <= n%(witnesses+1); i++ {
		private := privateKey(10 + i)
		c := &cosigner{fmt.Sprintf("witness-%d.example", i), int64(1700000000 + pick(1000000000)),
			private, private.Public().(ed25519.PublicKey)}
		signers = append(signers, c)
		vkeys += " " + vkeyText(c.name, c.typed())
	}
	text := fmt.Sprintf("%s\n%d\n%s\n", origin, size, root(size))
	return string(must(note.Sign(&note.Note{Text: text}, signers...))), vkeys
}

func printNotes(w *bufio.Writer) {
	for n := 0; n < notes; n++ {
		size := int64(1 + pick(leaves))
		index := int64(pick(int(size)))
		extraLen := pick(100)
		text, vkeys := makeNote(n, size)
		extra := make([]byte, extraLen)
		for i := range extra {
			extra[i] = byte(pick(256))
		}
		fmt.Fprintf(w, "note %x%s\n", text, vkeys)
		receipt := "c2sp.org/tlog-proof@v1\n"
		if extraLen > 0 {
			receipt += "extra " + base64.StdEncoding.EncodeToString(extra) + "\n"
		}
		receipt += fmt.Sprintf("index %d\n", index)
		for _, hash := range must(tlog.ProveRecord(size, index, reader)) {
			receipt += hash.String() + "\n"
		}
		fmt.Fprintf(w, "receipt %x%s\n", receipt+"\n"+text, vkeys)
	}
}

func verifiers(vkeys []string) []note.Verifier {
	var list []note.Verifier
	for i, vkey := range vkeys {
		if i == 0 {
			list = append(list, must(note.NewVerifier(vkey)))
			continue
		}
		parts := strings.SplitN(vkey, "+", 3)
		typed := must(base64.StdEncoding.DecodeString(parts[2]))
		c := &cosigner{name: parts[0], public: typed[1:]}
		if vkeyText(c.name, c.typed()) != vkey {
			stop("not a cosigner's key:", vkey)
		}
		list = append(list, c)
	}
	return list
}

// Base64 with bits left over that are not zero is taken by Go and not by us.
func canonical(text []byte) bool {
	for _, line := range bytes.Split(text[bytes.LastIndex(text, []byte("\n\n"))+2:], []byte("\n")) {
		if at := bytes.LastIndexByte(line, ' '); at >= 0 {
			if _, err := base64.StdEncoding.Strict().DecodeString(string(line[at+1:])); err != nil {
				return false
			}
		}
	}
	return true
}

// Good signatures of the keys; -1 if the note, a signature of theirs or the log's own is bad.
func judgeNote(text []byte, list []note.Verifier) int {
	opened, err := note.Open(text, note.VerifierList(list...))
	if err != nil || !canonical(text) || opened.Sigs[0].Hash != list[0].KeyHash() {
		return -1
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[2] != root(must(strconv.ParseInt(lines[1], 10, 64))).String() {
		return -1
	}
	return len(opened.Sigs)
}

func checkReceipt(text []byte, list []note.Verifier) bool {
	head, checkpoint, _ := strings.Cut(string(text), "\n\n")
	lines := strings.Split(head, "\n")
	if lines[0] != "c2sp.org/tlog-proof@v1" {
		return false
	}
	lines = lines[1:]
	if strings.HasPrefix(lines[0], "extra ") {
		must(base64.StdEncoding.DecodeString(lines[0][6:]))
		lines = lines[1:]
	}
	index := must(strconv.ParseInt(strings.TrimPrefix(lines[0], "index "), 10, 64))
	size := must(strconv.ParseInt(strings.Split(checkpoint, "\n")[1], 10, 64))
	return judgeNote([]byte(checkpoint), list) == len(list) &&
		tlog.CheckRecord(parse(lines[1:]), size, root(size), index, leaf(index)) == nil
}

func parse(words []string) []tlog.Hash {
	hashes := []tlog.Hash{}
	for _, word := range words {
		hashes = append(hashes, must(tlog.ParseHash(word)))
	}
	return hashes
}

func verifies(words []string) bool {
	switch words[0] {
	case "note":
		list := verifiers(words[2:])
		return judgeNote(must(hex.DecodeString(words[1])), list) == len(list)
	case "receipt":
		return checkReceipt(must(hex.DecodeString(words[1])), verifiers(words[2:]))
	case "root":
		return words[2] == root(must(strconv.ParseInt(words[1], 10, 64))).String()
	}
	from := must(strconv.ParseInt(words[1], 10, 64))
	to := must(strconv.ParseInt(words[2], 10, 64))
	if words[0] == "in" {
		return tlog.CheckRecord(parse(words[3:]), to, root(to), from, leaf(from)) == nil
	}
	return words[0] == "grow" &&
		tlog.CheckTree(parse(words[3:]), to, root(to), from, root(from)) == nil
}

func readLines(w *bufio.Writer, judging bool) {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	count := 0
	for in.Scan() {
		words := strings.Fields(in.Text())
		if !verifies(words) {
			stop("does not verify:", in.Text())
		}
		count++
		if !judging || words[0] != "note" {
			continue
		}
		text := must(hex.DecodeString(words[1]))
		list := verifiers(words[2:])
		for i := 0; i < changes; i++ {
			at := pick(len(text))
			was := text[at]
			text[at] ^= 1 << pick(8)
			fmt.Fprintln(w, judgeNote(text, list))
			text[at] = was
		}
	}
	if !judging {
		fmt.Fprintf(w, "%d lines verify\n", count)
	}
}

func main() {
	w := bufio.NewWriter(os.Stdout)
	defer w.Flush()
	makeTree()
	switch strings.Join(os.Args[1:], " ") {
	case "make":
		printTrees(w)
		printNotes(w)
	case "check":
		readLines(w, false)
	case "judge":
		readLines(w, true)
	default:
		stop("usage: oracle make|check|judge")
	}
}
