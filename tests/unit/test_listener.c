#include "master/listener.h"

#include "common/log.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static sc_options_t options_of(uint64_t workers, const char *host, uint16_t port)
{
    sc_options_t options;

    memset(&options, 0, sizeof(options));
    options.workers = workers;
    options.host = (char *)host;
    options.port = port;
    options.backlog = 16;
    return options;
}

/* Whether somebody takes a connection to the port over IPv4. */
static bool can_connect(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool is_connected;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    is_connected = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
    close(fd);
    return is_connected;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);

    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    return ntohs(((struct sockaddr_in *)(void *)&address)->sin_port);
}

static void each_worker_has_a_socket_on_one_port_that_the_system_chose(void **state)
{
    sc_options_t options = options_of(3, "127.0.0.1", 0);
    sc_listeners_t listeners;

    (void)state;
    assert_int_equal(sc_listeners_open(&listeners, &options), SC_OK);
    assert_int_equal(listeners.count, 3);
    assert_int_not_equal(listeners.port, 0);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(port_of(listeners.fds[i]), listeners.port);
        assert_true((fcntl(listeners.fds[i], F_GETFL) & O_NONBLOCK) != 0);
    }
    assert_true(can_connect(listeners.port));
    sc_listeners_close(&listeners);
}

static void without_a_host_both_families_are_served(void **state)
{
    sc_options_t options = options_of(1, NULL, 0);
    sc_listeners_t listeners;

    (void)state;
    assert_int_equal(sc_listeners_open(&listeners, &options), SC_OK);
    assert_true(can_connect(listeners.port)); /* over IPv4, whichever family the socket has */
    sc_listeners_close(&listeners);
}

/* SO_REUSEPORT would let two clusters of one user share a port in silence. */
static void a_port_that_another_cluster_has_is_refused(void **state)
{
    sc_options_t options = options_of(2, "127.0.0.1", 0);
    sc_listeners_t first;
    sc_listeners_t second;
    sc_options_t same;

    (void)state;
    assert_int_equal(sc_listeners_open(&first, &options), SC_OK);
    same = options_of(2, "127.0.0.1", first.port);
    assert_int_equal(sc_listeners_open(&second, &same), SC_ERR_IO);
    sc_listeners_close(&first);
    assert_int_equal(sc_listeners_open(&second, &same), SC_OK);
    sc_listeners_close(&second);
}

static void an_unknown_host_is_not_found(void **state)
{
    sc_options_t options = options_of(1, "no.such.host.invalid", 0);
    sc_listeners_t listeners;

    (void)state;
    assert_int_equal(sc_listeners_open(&listeners, &options), SC_ERR_NOT_FOUND);
}

static void after_closing_nobody_is_served(void **state)
{
    sc_options_t options = options_of(1, "127.0.0.1", 0);
    sc_listeners_t listeners;
    uint16_t port;

    (void)state;
    assert_int_equal(sc_listeners_open(&listeners, &options), SC_OK);
    port = listeners.port;
    sc_listeners_close(&listeners);
    sc_listeners_close(&listeners);
    assert_false(can_connect(port));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_worker_has_a_socket_on_one_port_that_the_system_chose),
        cmocka_unit_test(without_a_host_both_families_are_served),
        cmocka_unit_test(a_port_that_another_cluster_has_is_refused),
        cmocka_unit_test(an_unknown_host_is_not_found),
        cmocka_unit_test(after_closing_nobody_is_served),
    };

    sc_log_init("test", SC_LOG_ERROR, SC_LOG_TEXT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
