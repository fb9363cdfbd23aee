package sip

import "context"

// Answer answers what came in one datagram.
func (s *Server) Answer(ctx context.Context, message []byte, peer Peer) []byte {
	reply, _ := s.answer(ctx, newParser(), message, peer, back{})
	return reply
}
