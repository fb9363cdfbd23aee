package echo

import (
	"time"

	"dialtone/media"
)

// Finding is what an installer should know of a call that ended or was refused: the worst of what was met. "" for a call that says nothing, such as one that was
// cancelled.
type Finding string

// The findings, the worst first.
const (
	FoundRefused        Finding = "refused"
	FoundUnacknowledged Finding = "unacknowledged" // the phone never acknowledged our answer
	FoundNoKeys         Finding = "no_keys"        // DTLS didn't bring any
	FoundSilent         Finding = "silent"         // no sound came from the phone
	FoundUnreadable     Finding = "unreadable"     // sound came, and the key doesn't open it
	FoundOneWay         Finding = "one_way"        // sound came, and the phone reports that it gets none
	FoundLossy          Finding = "lossy"          // too much was lost, or came too unevenly
	FoundClear          Finding = "clear"          // it worked, and somebody could listen
	FoundWell           Finding = "well"           // it worked, and all of it was encrypted
)

const (
	// shortCall is how long a call must last before it says anything: DTLS and some phones begin their sound a second late.
	shortCall = 2 * time.Second
	// lossPercent and jitterBound are from when on people hear what is lost, and what a phone's buffer can't even out.
	lossPercent = 3
	jitterBound = 50 * time.Millisecond
	// unreported is after how many RTCP packets that say nothing of our sound the phone can't have got any: they come every few seconds.
	unreported = 2
)

// finding says the worst of a call that ended; acknowledged says whether the phone ever acknowledged the answer.
func finding(r media.Report, m media.Summary, transport string, acknowledged bool) Finding {
	switch {
	case !acknowledged && r.Duration >= shortCall:
		return FoundUnacknowledged
	case r.Duration < shortCall && r.Received == 0:
		return ""
	case m.Failure != "":
		return FoundNoKeys
	case r.Received == 0 && r.Unreadable > 0:
		return FoundUnreadable
	case r.Received == 0:
		return FoundSilent
	case r.Sent > 0 && !r.Reported && r.Reports >= unreported:
		return FoundOneWay
	case lossy(r):
		return FoundLossy
	case !protected(transport) || m.Protection == media.Plain || m.OpenKey:
		return FoundClear
	}
	return FoundWell
}

// lossy reports whether people would hear what was lost on either way, or the jitter.
func lossy(r media.Report) bool {
	there, back := max(0, r.Lost), max(0, r.LostBack)
	return r.Jitter > jitterBound || 100*there > lossPercent*(int64(r.Received)+there) || 100*back > lossPercent*int64(r.Sent) //nolint:gosec // G115: packets of one call
}
