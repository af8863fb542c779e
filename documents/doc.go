// Package documents reads files and folders of plain text and Markdown into parts that can be
// embedded.
//
// [Folder] reads a folder and [File] one file; [SplitText] and [SplitMarkdown] cut text that comes
// from elsewhere. Every word of a file is in a part or in the part's Meta, so nothing that a user
// wrote is missing from an index without a message: what cannot be read as text is left out by its
// name. The package needs the standard library only. A part becomes a document of langchaingo's as
//
//	schema.Document{PageContent: part.Text, Metadata: map[string]any{"file": part.File}}
package documents
