"""A real SMTP server (python3-aiosmtpd) for the tests: listens on a free port of 127.0.0.1, which it prints, until its standard input ends.

smtpd.py MODE FOLDER [CERTIFICATE KEY]

MODE is plain, starttls or tls. Each mail becomes a file in FOLDER: the envelope on one line, then the mail as it came. With a certificate,
logging in is required: dialtone with the password "right & proper". What happens to a mail is in its recipient's name.
"""

import asyncio
import os
import ssl
import sys

from aiosmtpd.smtp import AuthResult, SMTP

ON_RCPT = {
    "greylisted": "451 4.7.1 Greylisted, please come back in 5 minutes",
    "unknown": "550 5.1.1 No such user here",
}
ON_DATA = {
    "busy": "452 4.3.1 Out of disk space",
    "full": "552 5.2.2 Mailbox is full",
}


class Handler:
    def __init__(self, folder):
        self.folder = folder
        self.count = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        refused = ON_RCPT.get(address.partition("@")[0])
        if refused:
            return refused
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        refused = ON_DATA.get(envelope.rcpt_tos[0].partition("@")[0])
        if refused:
            return refused
        self.count += 1
        name = os.path.join(self.folder, "%d.eml" % self.count)
        with open(name, "wb") as file:
            file.write(("%s -> %s as %s\n" % (envelope.mail_from, ",".join(envelope.rcpt_tos), session.host_name)).encode())
            file.write(envelope.original_content)
        return "250 2.0.0 Taken over"


def authenticate(server, session, envelope, mechanism, data):
    ok = data.login == b"dialtone" and data.password == b"right & proper"
    return AuthResult(success=ok, handled=ok)


async def main(mode, folder, certificate=None, key=None):
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
    handler = Handler(folder)

    def protocol():
        return SMTP(
            handler,
            hostname="mx.example.net",
            tls_context=context if mode == "starttls" else None,
            require_starttls=mode == "starttls",
            authenticator=authenticate,
            auth_required=bool(certificate),
            auth_require_tls=mode == "starttls",
        )

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0, ssl=context if mode == "tls" else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main(*sys.argv[1:]))
