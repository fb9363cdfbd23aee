// Package media is the sound of a call without its signalling: session descriptions, offers and answers, and streams that give every packet
// back to who sent it.
//
// It owns the reading and writing of SDP (RFC 8866), the answer to an offer and what is offered to who offers nothing (RFC 3264), SRTP with keys in the description
// (RFC 4568) and by DTLS (RFC 5764), and the counting of RTCP (RFC 3550). It never reads SIP, never decodes sound, and never sends a packet of sound
// that it didn't get: one byte in is one byte out, to the same address. Start at NewDesk, which opens a Session for each call.
package media
