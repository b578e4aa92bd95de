/* base/zmq_bind.h — zmq_bind() that takes nobody's place.
 *
 * ZeroMQ removes a Unix socket's file before it binds: a second daemon on the same ipc:// endpoint, even one that then fails to start,
 * leaves the first one listening on a file that has no name any more, and nobody is told. TCP refuses a port that is taken; so does this.
 */
#ifndef RS_BASE_ZMQ_BIND_H
#define RS_BASE_ZMQ_BIND_H

#include "base/base.h"

/* As zmq_bind: 0, or -1 with errno. EADDRINUSE, too, when another process listens on the file of an ipc:// endpoint. A file that was
 * left by a process that is gone is replaced. The socket's thread. */
RS_MUST_CHECK int rs_zmq_bind(void *socket, const char *endpoint);

#endif
