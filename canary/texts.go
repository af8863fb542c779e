package canary

import (
	"fmt"
	"strings"

	"github.com/vecspace/embedding"
)

// builtin holds short texts of different scripts, lengths and kinds, so that a change of the model
// or of its tokenizer moves some of them. There are 10 because that is the smallest common limit of
// a request. A reference keeps the texts that it was recorded with.
var builtin = [...]string{
	"The ferry to the island leaves at half past seven and does not wait.",
	"这座桥建于一九三二年，至今仍在使用。",
	"La panadería de la esquina cierra los lunes, salvo en diciembre.",
	"Die Prüfung der Heizungsanlage ergab keine Mängel.",
	"Поезд опоздал на двадцать минут из-за снегопада.",
	"المكتبة مفتوحة للجميع من الصباح حتى المساء.",
	"今朝は庭の梅が咲き始めました。",
	"बारिश के बाद बाज़ार में बहुत भीड़ थी।",
	"func Reverse(s []int) { for i, j := 0, len(s)-1; i < j; i, j = i+1, j-1 { s[i], s[j] = s[j], s[i] } }",
	"Invoice 2041-B: 3 x 12.50 EUR, due 14 March 🧾",
}

// Texts returns a copy of the built-in texts: 10 short ones and, as the last, one of about 3,000
// tokens. Record cuts that one to what the model takes.
func Texts() []string { return append(append([]string(nil), builtin[:]...), long(0)) }

// topics are the words of the long text. Each topic has a part of it, so that a model that reads
// less of the text than before gives it another vector.
var topics = [...]string{
	"harbor pilot anchor tide rope lighthouse cargo storm",
	"oven flour recipe butter knife supper kitchen salt",
	"judge contract appeal witness verdict court clause lawyer",
	"glacier valley summit ridge snow guide trail hut",
	"violin concert chorus stage melody audience drummer organ",
	"vaccine nurse fever clinic dose patient surgeon ward",
	"engine piston valve wheel mechanic garage brake fuel",
	"orchard bee harvest tractor barn wheat farmer soil",
	"planet orbit telescope comet moon astronomer rocket star",
	"ballot senator treaty minister border embassy vote tax",
	"compiler server packet kernel socket thread buffer disk",
	"goalkeeper referee penalty league coach striker whistle cup",
}

// long returns the long text, cut at the end of a sentence to at most so many estimated tokens. 0
// or less means all of it.
func long(most int) string {
	var b strings.Builder
	left := most
	for _, topic := range topics {
		w := strings.Fields(topic)
		for k := range 13 {
			at := func(i int) string { return w[(k+i*(1+k/len(w)*2))%len(w)] }
			s := fmt.Sprintf("The %s and the %s came before the %s, but the %s is older than any %s.\n",
				at(0), at(1), at(2), at(3), at(4))
			if left -= embedding.EstimateTokens(s); most > 0 && left < 0 {
				return b.String()
			}
			b.WriteString(s)
		}
	}
	return b.String()
}
