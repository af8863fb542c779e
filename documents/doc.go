// Package documents reads files and folders of plain text and Markdown and cuts them into parts
// that can be embedded.
//
// [Folder] reads a folder and [File] reads one file. [SplitText] and [SplitMarkdown] cut text from
// other sources. Every word of a file is in a part's Text or Meta. [Folder] names each file that it
// could not read as text, so nothing is missing from an index unnoticed. The package needs only the
// standard library. To make a part a document of langchaingo:
//
//	schema.Document{PageContent: part.Text, Metadata: map[string]any{"file": part.File}}
package documents
