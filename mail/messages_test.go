package mail_test

import "dialtone/mail"

// english is a mail of a kind whose names need no encoding.
func english(kind mail.Kind) mail.Message {
	return mail.Message{
		ID: "job-1." + string(kind), Kind: kind, To: "ada@example.com", Name: "Ada Lovelace", Language: "en_US", Brand: "Example Telecom",
		Customer: "Tom & Sons", Link: "https://hub.example.com/go?token=abc&step=1", SupportURL: "https://help.example.com/",
	}
}

// arabic is a mail of a kind in a script that runs from right to left, under a brand in another one.
func arabic(kind mail.Kind) mail.Message {
	return mail.Message{
		ID: "job-7." + string(kind), Kind: kind, To: "layla@example.com", Name: "ليلى", Language: "ar_SA", Brand: "Füller & Söhne",
		Customer: "شركة النور", Link: "https://hub.example.com/go?token=abc&step=1", SupportURL: "https://help.example.com/",
	}
}
