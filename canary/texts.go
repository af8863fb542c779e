package canary

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

// Texts returns a copy of the built-in texts that every reference holds.
func Texts() []string { return append([]string(nil), builtin[:]...) }
