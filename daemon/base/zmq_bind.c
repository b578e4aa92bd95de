#include "base/zmq_bind.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <zmq.h>

/* This process, too, until ZeroMQ's thread has closed a socket that was given up: that is nobody's place. */
static bool is_of_this_process(int probe) {
    struct ucred peer;
    socklen_t size = sizeof peer;
    return getsockopt(probe, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.pid == getpid();
}

/* Another process that listens takes a connection, or has as many waiting as it can. `path` may be longer than such a file's name can be:
 * then nobody does. */
static bool is_listened_on(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path)) return false;
    strcpy(address.sun_path, path);
    const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (probe < 0) return false;
    const bool is_taken = connect(probe, (const struct sockaddr *)&address, sizeof(address)) == 0;
    const bool found = is_taken ? !is_of_this_process(probe) : errno == EAGAIN;
    close(probe);
    return found;
}

int rs_zmq_bind(void *socket, const char *endpoint) {
    static const char local[] = "ipc://";
    const size_t scheme = sizeof(local) - 1;
    if (strncmp(endpoint, local, scheme) == 0 && is_listened_on(endpoint + scheme)) {
        errno = EADDRINUSE;
        return -1;
    }
    return zmq_bind(socket, endpoint);
}
