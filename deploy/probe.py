"""Health check from inside a container: exit status 0 when the path answers 200 on this host.

The request carries the public host name, for Django answers no other, and says that TLS ended at the proxy.
"""

import http.client
import os
import sys
import urllib.parse

PORT = 8000


def main(path: str) -> int:
    """Ask once, with five seconds' patience; print what was wrong."""
    host = urllib.parse.urlsplit(os.environ["BASE_URL"]).netloc
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)
    try:
        connection.request("GET", path, headers={"Host": host, "X-Forwarded-Proto": "https"})
        answer = connection.getresponse()
        words = f"{answer.status} {answer.read(2000).decode(errors='replace')}"
    except OSError as error:
        words = str(error)
    sys.stdout.write(words + "\n")
    return 0 if words.startswith("200 ") else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
