/*
 * test_conn_tls.c: connections with TLS over socket pairs, in a real loop; the peers are OpenSSL's client in memory, so that
 * a test can hand their bytes over in any parts.
 */
#include "certificate.h"
#include "common/log.h"
#include "common/process.h"
#include "loop_fixture.h"
#include "worker/net/conn_tls.h"
#include "worker/net/tls_context.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sc/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define BACKLOG_MAX 4000000u
#define LINGER_MS 200u
#define PEERS_MAX 12
#define TURNS_MAX 20000
#define CHUNK_BYTES 65536

/* One connection and the client at its other end. */
typedef struct peer {
    struct fixture *fixture;
    sc_conn_t *conn; /* NULL: has ended */
    int fd;          /* does not block; -1: closed */
    SSL *ssl;
    bool pauses;     /* the handler pauses the connection when it has got something */
    size_t step;     /* bytes that are handed over at a time, either way */
    bool is_deaf;    /* reads nothing from the socket */
    sc_text_t input; /* what the server's handler has got */
    bool has_ended;
    sc_conn_end_t end;
} peer_t;

typedef struct fixture {
    sc_loop_t loop;
    sc_net_t net;
    SSL_CTX *client_context;
    size_t unit; /* the handler takes so much at a time */
    peer_t peers[PEERS_MAX];
    unsigned peer_count;
} fixture_t;

static certificate_t certificates[2];
static uint8_t ticket_keys[SC_TICKET_KEYS_BYTES] = {1};
static uint8_t other_ticket_keys[SC_TICKET_KEYS_BYTES] = {2};

/* ---- The server's side ---- */

static size_t on_bytes(sc_conn_t *conn, char *bytes, size_t len)
{
    peer_t *peer = conn->owner;
    size_t used = len / peer->fixture->unit * peer->fixture->unit;

    sc_text_add(&peer->input, sc_str(bytes, used));
    memset(bytes, '#', used);
    if (peer->pauses)
        sc_conn_pause(conn);
    return used;
}

static size_t wanted(const sc_conn_t *conn)
{
    return ((const peer_t *)conn->owner)->fixture->unit;
}

static void on_end(sc_conn_t *conn, sc_conn_end_t why)
{
    peer_t *peer = conn->owner;

    assert_false(peer->has_ended);
    peer->has_ended = true;
    peer->end = why;
    peer->conn = NULL;
}

static const sc_conn_handler_t handler = {.on_bytes = on_bytes, .wanted = wanted, .on_end = on_end};

static SSL_CTX *server_context(const certificate_t *certificate, const uint8_t *keys)
{
    sc_options_t options = {.tls_cert_pem = certificate->cert_pem,
                            .tls_key_pem = certificate->key_pem,
                            .tls_min_version = (char *)(uintptr_t) "1.2"};
    SSL_CTX *context = sc_tls_context_new(&options, keys);

    assert_non_null(context);
    return context;
}

static void use_certificate(fixture_t *fixture, int which)
{
    SSL_CTX *context = server_context(&certificates[which], ticket_keys);

    sc_net_set_tls(&fixture->net, context);
    SSL_CTX_free(context);
}

static int set_up(void **state)
{
    fixture_t *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    assert_int_equal(sc_loop_init(&fixture->loop), SC_OK);
    sc_net_init(&fixture->net, &fixture->loop, BACKLOG_MAX, LINGER_MS);
    use_certificate(fixture, 0);
    fixture->client_context = SSL_CTX_new(TLS_client_method());
    fixture->unit = 1;
    *state = fixture;
    return 0;
}

static void close_peer(peer_t *peer)
{
    if (peer->fd >= 0)
        close(peer->fd);
    peer->fd = -1;
}

static int tear_down(void **state)
{
    fixture_t *fixture = *state;

    sc_net_deinit(&fixture->net);
    for (unsigned i = 0; i < fixture->peer_count; i++) {
        assert_true(fixture->peers[i].has_ended);
        close_peer(&fixture->peers[i]);
        SSL_free(fixture->peers[i].ssl);
        sc_text_free(&fixture->peers[i].input);
    }
    assert_int_equal(ERR_peek_error(), 0);
    SSL_CTX_free(fixture->client_context);
    sc_loop_deinit(&fixture->loop);
    free(fixture);
    return 0;
}

/* ---- The clients' side ---- */

static peer_t *add_peer(fixture_t *fixture)
{
    peer_t *peer = &fixture->peers[fixture->peer_count++];
    int fds[2];

    assert_true(fixture->peer_count <= PEERS_MAX);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    peer->fixture = fixture;
    peer->fd = fds[1];
    peer->step = CHUNK_BYTES;
    peer->ssl = SSL_new(fixture->client_context);
    SSL_set_bio(peer->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(peer->ssl);
    peer->conn = sc_conn_open(&fixture->net, fds[0], &handler, peer);
    assert_non_null(peer->conn);
    return peer;
}

/* What the client has to say goes to the socket. Returns whether there was anything. */
static bool hand_over(peer_t *peer)
{
    char *bytes;
    long len = BIO_get_mem_data(SSL_get_wbio(peer->ssl), &bytes);
    size_t part = (size_t)len < peer->step ? (size_t)len : peer->step;
    char moved[CHUNK_BYTES];
    ssize_t sent;

    if (len <= 0 || peer->fd < 0)
        return false;
    sent = send(peer->fd, bytes, part, MSG_NOSIGNAL);
    if (sent <= 0)
        return false;
    return BIO_read(SSL_get_wbio(peer->ssl), moved, (int)sent) == (int)sent;
}

/* And what the socket has, to the client. */
static bool fetch(peer_t *peer)
{
    char bytes[CHUNK_BYTES];
    ssize_t len = peer->fd >= 0 && !peer->is_deaf ? read(peer->fd, bytes, peer->step) : -1;

    return len > 0 && BIO_write(SSL_get_rbio(peer->ssl), bytes, (int)len) == (int)len;
}

static void turn(peer_t *peer)
{
    hand_over(peer);
    turn_shortly(&peer->fixture->loop);
    fetch(peer);
}

/* One step of the client's handshake. */
static bool shake(peer_t *peer)
{
    bool is_done = SSL_do_handshake(peer->ssl) == 1;

    ERR_clear_error();
    return is_done;
}

/* The handshake, and what the client sends last in it. */
static void shake_hands(peer_t *peer)
{
    for (int i = 0; i < TURNS_MAX && !(shake(peer) && peer->conn->tls->is_established); i++)
        turn(peer);
    assert_true(peer->conn->tls->is_established);
}

static peer_t *connected_peer(fixture_t *fixture)
{
    peer_t *peer = add_peer(fixture);

    shake_hands(peer);
    return peer;
}

static void client_sends(peer_t *peer, const char *bytes, size_t len)
{
    assert_int_equal(SSL_write(peer->ssl, bytes, (int)len), (int)len);
}

/* All that the client can read now. */
static void client_reads(peer_t *peer, sc_text_t *out)
{
    char bytes[CHUNK_BYTES];
    int len;

    while ((len = SSL_read(peer->ssl, bytes, sizeof(bytes))) > 0)
        sc_text_add(out, sc_str(bytes, (size_t)len));
    ERR_clear_error();
}

static void turn_until_input(peer_t *peer, size_t len)
{
    for (int i = 0; i < TURNS_MAX && peer->input.len < len; i++)
        turn(peer);
    assert_int_equal(peer->input.len, len);
}

static void turn_until_end(peer_t *peer)
{
    for (int i = 0; i < TURNS_MAX && !peer->has_ended; i++)
        turn(peer);
    assert_true(peer->has_ended);
}

static void server_sends(peer_t *peer, const char *text)
{
    sc_buf_t *frame = sc_buf_copy(sc_str_from(text));

    sc_conn_send(peer->conn, frame);
    sc_buf_unref(frame);
}

static char pattern(size_t at)
{
    return (char)(at % 251);
}

static void server_sends_bytes(peer_t *peer, size_t len)
{
    sc_buf_t *frame = sc_buf_new(len);

    for (size_t i = 0; i < len; i++)
        frame->bytes[i] = pattern(i);
    sc_conn_send(peer->conn, frame);
    sc_buf_unref(frame);
}

static void assert_pattern(const sc_text_t *text, size_t len)
{
    assert_int_equal(text->len, len);
    for (size_t i = 0; i < len; i++)
        assert_int_equal((uint8_t)text->ptr[i], (uint8_t)pattern(i));
}

static void assert_client_gets(peer_t *peer, const char *expected)
{
    sc_text_t got = {0};

    for (int i = 0; i < TURNS_MAX && got.len < strlen(expected); i++) {
        turn(peer);
        client_reads(peer, &got);
    }
    assert_true(sc_str_equal(sc_text_str(&got), sc_str_from(expected)));
    sc_text_free(&got);
}

static void assert_server_gets(peer_t *peer, const char *text)
{
    size_t before = peer->input.len;

    client_sends(peer, text, strlen(text));
    turn_until_input(peer, before + strlen(text));
    assert_memory_equal(peer->input.ptr + before, text, strlen(text));
}

/* ---- Handshakes ------------------------------------------------------------------------------------------------- */

static void check_version(fixture_t *fixture, int version, size_t step)
{
    peer_t *peer;

    SSL_CTX_set_min_proto_version(fixture->client_context, version);
    SSL_CTX_set_max_proto_version(fixture->client_context, version);
    peer = add_peer(fixture);
    peer->step = step;
    shake_hands(peer);
    assert_int_equal(SSL_version(peer->ssl), version);
    assert_server_gets(peer, "to the server");
    server_sends(peer, "to the client");
    assert_client_gets(peer, "to the client");
}

static void both_versions_carry_bytes_both_ways(void **state)
{
    check_version(*state, TLS1_2_VERSION, CHUNK_BYTES);
    check_version(*state, TLS1_3_VERSION, CHUNK_BYTES);
}

static void the_same_comes_of_it_byte_by_byte(void **state)
{
    check_version(*state, TLS1_2_VERSION, 1);
    check_version(*state, TLS1_3_VERSION, 1);
}

static void what_is_sent_before_the_handshake_is_done_waits_for_it(void **state)
{
    peer_t *peer = add_peer(*state);

    server_sends(peer, "early");
    turn_shortly(&peer->fixture->loop);
    assert_int_equal(peer->fixture->net.write_count, 0);
    shake_hands(peer);
    assert_client_gets(peer, "early");
}

static void a_connection_that_says_nothing_owns_no_tls_object(void **state)
{
    peer_t *peer = add_peer(*state);

    turn_shortly(&peer->fixture->loop);
    assert_null(peer->conn->tls->ssl);
}

static void old_versions_are_refused(void **state)
{
    fixture_t *fixture = *state;
    peer_t *peer;

    SSL_CTX_set_security_level(fixture->client_context, 0);
    SSL_CTX_set_min_proto_version(fixture->client_context, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(fixture->client_context, TLS1_1_VERSION);
    peer = add_peer(fixture);
    assert_false(shake(peer));
    turn_until_end(peer);
    assert_int_equal(peer->end, SC_CONN_END_PEER);
    assert_int_equal(fixture->net.tls->failed_count, 1);
    assert_int_equal(fixture->net.tls->handshake_count, 0);
}

static void set_alpn(fixture_t *fixture, const char *protocols)
{
    SSL_CTX_set_alpn_protos(fixture->client_context, (const unsigned char *)protocols,
                            (unsigned)strlen(protocols));
}

static void a_client_that_speaks_http_1_too_gets_it(void **state)
{
    const unsigned char *chosen;
    unsigned len;
    peer_t *peer;

    set_alpn(*state, "\x02h2\x08http/1.1");
    peer = connected_peer(*state);
    SSL_get0_alpn_selected(peer->ssl, &chosen, &len);
    assert_int_equal(len, 8);
    assert_memory_equal(chosen, "http/1.1", 8);
}

static void a_client_that_speaks_only_something_else_is_told_so(void **state)
{
    peer_t *peer;
    unsigned long error;

    set_alpn(*state, "\x02h2");
    peer = add_peer(*state);
    assert_false(shake(peer));
    turn_until_end(peer);
    fetch(peer);
    ERR_clear_error();
    assert_int_equal(SSL_do_handshake(peer->ssl), -1);
    error = ERR_peek_error();
    ERR_clear_error();
    assert_int_equal(ERR_GET_REASON(error), SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL);
    assert_int_equal(peer->end, SC_CONN_END_PEER);
}

static void garbage_ends_the_connection_and_is_counted(void **state)
{
    fixture_t *fixture = *state;
    peer_t *peer = add_peer(fixture);

    assert_int_equal(write(peer->fd, "\x01\x02\x03 this is no TLS", 18), 18);
    turn_until_end(peer);
    assert_int_equal(peer->end, SC_CONN_END_PEER);
    assert_int_equal(peer->input.len, 0);
    assert_int_equal(fixture->net.tls->failed_count, 1);
}

static void http_in_clear_is_answered_in_clear(void **state)
{
    static const char request[] = "GET /health-check HTTP/1.1\r\nHost: a\r\n\r\n";
    peer_t *peer = add_peer(*state);
    char answer[512];
    ssize_t len;

    assert_int_equal(write(peer->fd, request, sizeof(request) - 1), sizeof(request) - 1);
    turn_for(&peer->fixture->loop, 20);
    len = read(peer->fd, answer, sizeof(answer) - 1);
    assert_true(len > 0);
    answer[len] = '\0';
    assert_non_null(strstr(answer, "HTTP/1.1 400 Bad Request\r\n"));
    assert_non_null(strstr(answer, "\r\n\r\nThis port speaks HTTPS only.\n"));
    assert_int_equal(read(peer->fd, answer, sizeof(answer)), 0);
    close_peer(peer);
    turn_until_end(peer);
    assert_int_equal(peer->end, SC_CONN_END_LOCAL);
    assert_int_equal(peer->input.len, 0);
}

static void a_client_that_goes_amid_the_handshake_ends_the_connection(void **state)
{
    peer_t *peer = add_peer(*state);

    assert_false(shake(peer));
    peer->step = 40;
    turn(peer);
    assert_non_null(peer->conn->tls->ssl);
    close_peer(peer);
    turn_until_end(peer);
    assert_int_equal(peer->end, SC_CONN_END_PEER);
    assert_int_equal(peer->fixture->net.tls->failed_count, 1);
}

static void a_connection_may_be_closed_amid_the_handshake(void **state)
{
    peer_t *peer = add_peer(*state);

    assert_false(shake(peer));
    peer->step = 40;
    turn(peer);
    server_sends(peer, "never");
    sc_conn_close(peer->conn);
    peer->step = CHUNK_BYTES;
    for (int i = 0; i < 10; i++)
        turn(peer);
    assert_false(peer->has_ended); /* it waits for the client to close */
    close_peer(peer);
    turn_until_end(peer);
    assert_int_equal(peer->end, SC_CONN_END_LOCAL);
}

static void a_client_can_not_begin_another_handshake(void **state)
{
    fixture_t *fixture = *state;
    peer_t *peer;

    SSL_CTX_set_max_proto_version(fixture->client_context, TLS1_2_VERSION);
    peer = connected_peer(fixture);
    SSL_renegotiate(peer->ssl);
    assert_false(shake(peer));
    turn(peer);
    turn(peer);
    ERR_clear_error();
    assert_int_equal(SSL_do_handshake(peer->ssl), -1);
    assert_int_equal(ERR_GET_REASON(ERR_peek_error()), SSL_R_NO_RENEGOTIATION);
    ERR_clear_error();
    assert_int_equal(fixture->net.tls->handshake_count, 1);
}

/* ---- Sessions --------------------------------------------------------------------------------------------------- */

static SSL_SESSION *last_session;

static int on_session(SSL *ssl, SSL_SESSION *session)
{
    (void)ssl;
    SSL_SESSION_free(last_session);
    last_session = session;
    return 1;
}

static void keep_sessions(fixture_t *fixture)
{
    SSL_CTX_set_session_cache_mode(fixture->client_context, SSL_SESS_CACHE_CLIENT);
    SSL_CTX_sess_set_new_cb(fixture->client_context, on_session);
}

/* A client that has been here before. Returns whether the server knew it again. */
static bool comes_back(fixture_t *fixture)
{
    uint64_t before = fixture->net.tls->resumed_count;
    peer_t *peer = add_peer(fixture);

    SSL_set_session(peer->ssl, last_session);
    shake_hands(peer);
    assert_server_gets(peer, "again");
    return fixture->net.tls->resumed_count > before;
}

static void first_visit(fixture_t *fixture)
{
    sc_text_t nothing = {0};
    peer_t *peer;

    keep_sessions(fixture);
    peer = connected_peer(fixture);
    for (int i = 0; i < 5; i++) {
        turn(peer);
        client_reads(peer, &nothing); /* its ticket */
    }
    assert_non_null(last_session);
}

static void forget_session(void)
{
    SSL_SESSION_free(last_session);
    last_session = NULL;
}

static void a_ticket_is_good_in_every_worker_with_the_same_keys(void **state)
{
    fixture_t *fixture = *state;

    first_visit(fixture);
    use_certificate(fixture, 0); /* another context, as another worker has */
    assert_true(comes_back(fixture));
    forget_session();
}

static void other_ticket_keys_make_old_tickets_worthless_but_not_the_connection(void **state)
{
    fixture_t *fixture = *state;

    first_visit(fixture);
    sc_net_set_ticket_keys(&fixture->net, other_ticket_keys);
    assert_false(comes_back(fixture));
    assert_int_equal(fixture->net.tls->handshake_count, 2);
    forget_session();
}

static void without_ticket_keys_there_are_no_tickets(void **state)
{
    fixture_t *fixture = *state;
    SSL_CTX *context = server_context(&certificates[0], NULL);
    sc_text_t nothing = {0};
    peer_t *peer;

    sc_net_set_tls(&fixture->net, context);
    SSL_CTX_free(context);
    keep_sessions(fixture);
    peer = connected_peer(fixture);
    for (int i = 0; i < 5; i++) {
        turn(peer);
        client_reads(peer, &nothing);
    }
    assert_null(last_session);
}

/* ---- A storm of clients ----------------------------------------------------------------------------------------- */

static void a_turn_takes_few_steps_of_handshakes_and_all_get_their_turn(void **state)
{
    fixture_t *fixture = *state;
    peer_t *first = connected_peer(fixture);
    peer_t *others[8];
    uint64_t before = fixture->net.tls->deferred_count;

    for (int i = 0; i < 8; i++) {
        others[i] = add_peer(fixture);
        assert_false(shake(others[i]));
        assert_true(hand_over(others[i]));
    }
    client_sends(first, "x", 1);
    assert_true(hand_over(first));
    /* One turn of the loop: half of the storm, and the one that is connected. */
    assert_true(event_base_loop(fixture->loop.base, EVLOOP_ONCE) >= 0);
    assert_int_equal(fixture->net.tls->deferred_count - before, 8 - SC_TLS_STEPS_PER_TURN);
    assert_int_equal(first->input.len, 1);
    for (int i = 0; i < 8; i++)
        shake_hands(others[i]);
    assert_int_equal(fixture->net.tls->handshake_count, 9);
    assert_true(sc_list_is_empty(&fixture->net.tls->waiting));
}

static void those_who_leave_while_they_wait_hold_nobody_up(void **state)
{
    fixture_t *fixture = *state;
    peer_t *peers[PEERS_MAX];

    for (int i = 0; i < PEERS_MAX; i++) {
        peers[i] = add_peer(fixture);
        assert_false(shake(peers[i]));
        assert_true(hand_over(peers[i]));
    }
    assert_true(event_base_loop(fixture->loop.base, EVLOOP_ONCE) >= 0);
    for (int i = 0; i < PEERS_MAX - 1; i++)
        sc_conn_abort(peers[i]->conn);
    shake_hands(peers[PEERS_MAX - 1]);
    assert_server_gets(peers[PEERS_MAX - 1], "here");
}

/* ---- Input ------------------------------------------------------------------------------------------------------ */

static void long_input_comes_whole_and_in_units(void **state)
{
    fixture_t *fixture = *state;
    peer_t *peer = connected_peer(fixture);
    size_t len = 1200000;
    char *bytes = malloc(len);

    assert_non_null(bytes);
    fixture->unit = 400000;
    for (size_t i = 0; i < len; i++)
        bytes[i] = pattern(i);
    client_sends(peer, bytes, len);
    turn_until_input(peer, len);
    assert_pattern(&peer->input, len);
    assert_null(peer->conn->rest);
    free(bytes);
}

/* As much at once as the buffer for decrypted input holds, and one record more: nothing may stay behind. */
static void what_fills_the_buffer_to_its_last_byte_leaves_nothing_behind(void **state)
{
    static const size_t lengths[] = {20000, 16 * 16384 + 600};
    fixture_t *fixture = *state;
    peer_t *peer = connected_peer(fixture);
    size_t len = lengths[0] + lengths[1];
    int buffer_bytes = 200000; /* the kernel doubles it */
    char *bytes = calloc(1, len);

    assert_non_null(bytes);
    assert_int_equal(
        setsockopt(peer->fd, SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof(buffer_bytes)), 0);
    fixture->unit = len;
    for (int i = 0; i < 2; i++) {
        client_sends(peer, bytes, lengths[i]);
        while (hand_over(peer))
            ;
        turn(peer);
    }
    turn_until_input(peer, len);
    free(bytes);
}

static void a_turn_s_input_costs_one_system_call(void **state)
{
    fixture_t *fixture = *state;
    peer_t *peer = connected_peer(fixture);
    uint64_t before = fixture->net.read_count;

    for (int i = 0; i < 20; i++)
        client_sends(peer, "0123456789", 10);
    turn_until_input(peer, 200);
    assert_int_equal(fixture->net.read_count - before, 1);
}

static void a_paused_connection_reads_on_where_it_stopped(void **state)
{
    peer_t *peer = connected_peer(*state);

    sc_conn_pause(peer->conn);
    client_sends(peer, "abc", 3);
    for (int i = 0; i < 5; i++)
        turn(peer);
    assert_int_equal(peer->input.len, 0);
    sc_conn_resume(peer->conn);
    turn_until_input(peer, 3);
}

static void a_record_that_was_changed_on_its_way_ends_the_connection(void **state)
{
    peer_t *peer = connected_peer(*state);
    char *bytes;
    long len;

    client_sends(peer, "good", 4);
    turn_until_input(peer, 4);
    client_sends(peer, "bad", 3);
    len = BIO_get_mem_data(SSL_get_wbio(peer->ssl), &bytes);
    bytes[len - 1] ^= 1;
    turn_until_end(peer);
    assert_int_equal(peer->end, SC_CONN_END_PEER);
    assert_int_equal(peer->input.len, 4);
}

static void an_error_of_others_is_not_taken_for_the_connection_s_own(void **state)
{
    peer_t *peer = connected_peer(*state);

    ERR_raise(ERR_LIB_PEM, PEM_R_NO_START_LINE);
    assert_server_gets(peer, "still here");
    ERR_raise(ERR_LIB_PEM, PEM_R_NO_START_LINE);
    server_sends(peer, "here too");
    assert_client_gets(peer, "here too");
}

static void one_connection_s_failure_is_nothing_to_another(void **state)
{
    fixture_t *fixture = *state;
    peer_t *good = connected_peer(fixture);
    peer_t *bad = add_peer(fixture);

    assert_int_equal(write(bad->fd, "garbage", 7), 7);
    client_sends(good, "fine", 4);
    assert_true(hand_over(good));
    turn_until_end(bad);
    turn_until_input(good, 4);
}

/* ---- Output ----------------------------------------------------------------------------------------------------- */

static void the_frames_of_a_turn_are_one_record_and_one_system_call(void **state)
{
    fixture_t *fixture = *state;
    peer_t *peer = connected_peer(fixture);
    uint64_t before;
    char bytes[4096];

    turn(peer);
    before = fixture->net.write_count;
    for (int i = 0; i < 100; i++)
        server_sends(peer, "0123456789");
    turn(peer);
    assert_int_equal(fixture->net.write_count - before, 1);
    assert_int_equal(SSL_read(peer->ssl, bytes, sizeof(bytes)), 1000);
}

static void a_slow_reader_gets_all_of_a_long_frame(void **state)
{
    fixture_t *fixture = *state;
    peer_t *peer = connected_peer(fixture);
    size_t len = 1000000;
    sc_text_t got = {0};

    server_sends_bytes(peer, len);
    turn_shortly(&fixture->loop);
    assert_true(sc_conn_backlog(peer->conn) > 0);
    peer->step = 3000;
    for (int i = 0; i < TURNS_MAX && got.len < len; i++) {
        turn(peer);
        client_reads(peer, &got);
    }
    assert_pattern(&got, len);
    assert_int_equal(sc_conn_backlog(peer->conn), 0);
    sc_text_free(&got);
}

static void frames_that_come_while_the_socket_is_full_stay_in_order(void **state)
{
    peer_t *peer = connected_peer(*state);
    sc_text_t got = {0};
    size_t len = 0;
    size_t number = 0;

    peer->is_deaf = true;
    for (int i = 0; i < 6000; i++) {
        char text[120];

        snprintf(text, sizeof(text), "%d:%0*d;", i, i % 97 + 1, i);
        len += strlen(text);
        server_sends(peer, text);
        if (i % 10 == 0)
            turn_shortly(&peer->fixture->loop);
    }
    assert_true(sc_conn_backlog(peer->conn) > 0);
    peer->is_deaf = false;
    for (int i = 0; i < TURNS_MAX && got.len < len; i++) {
        turn(peer);
        client_reads(peer, &got);
    }
    assert_int_equal(got.len, len);
    sc_text_add(&got, sc_str("", 1));
    for (char *at = got.ptr; *at != '\0'; at = strchr(at, ';') + 1, number++)
        assert_int_equal(strtoul(at, NULL, 10), number);
    assert_int_equal(number, 6000);
    sc_text_free(&got);
}

static void who_takes_nothing_is_cut_off(void **state)
{
    fixture_t *fixture = *state;
    peer_t *peer = connected_peer(fixture);

    peer->is_deaf = true;
    for (int i = 0; i < 100 && sc_conn_is_open(peer->conn); i++)
        server_sends_bytes(peer, 100000);
    turn_until_end(peer);
    assert_int_equal(peer->end, SC_CONN_END_BACKLOG);
    assert_int_equal(fixture->net.backlog_kill_count, 1);
}

/* ---- Reading that has to write ---------------------------------------------------------------------------------- */

/* Fills what the kernel takes for the client. Returns how much. */
static size_t fill_socket(const peer_t *peer)
{
    static const char zeros[4096];
    size_t total = 0;
    ssize_t len;

    while ((len = send(peer->conn->fd, zeros, sizeof(zeros), MSG_DONTWAIT)) > 0)
        total += (size_t)len;
    return total;
}

static void empty_socket(const peer_t *peer, size_t len)
{
    char bytes[4096];

    while (len > 0) {
        size_t part = len < sizeof(bytes) ? len : sizeof(bytes);
        ssize_t got = read(peer->fd, bytes, part);

        assert_true(got > 0);
        len -= (size_t)got;
    }
}

static void a_handshake_waits_until_the_socket_takes_its_answer(void **state)
{
    fixture_t *fixture = *state;
    peer_t *peer = add_peer(fixture);
    size_t filled = fill_socket(peer);

    assert_false(shake(peer));
    assert_true(hand_over(peer));
    turn_shortly(&fixture->loop);
    assert_int_equal(peer->conn->watched, EV_READ | EV_WRITE);
    empty_socket(peer, filled);
    shake_hands(peer);
    assert_server_gets(peer, "at last");
    assert_null(peer->conn->tls->unsent);
}

static void a_client_that_wants_keys_without_end_and_reads_nothing_is_read_no_more(void **state)
{
    fixture_t *fixture = *state;
    peer_t *peer = connected_peer(fixture);
    size_t filled;
    size_t sent = 0;
    uint64_t reads;

    turn(peer); /* the ticket */
    filled = fill_socket(peer);
    peer->is_deaf = true;
    for (; sent < 3000 && peer->conn->watched != EV_WRITE; sent++) {
        assert_int_equal(SSL_key_update(peer->ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        client_sends(peer, "x", 1);
        turn(peer);
    }
    assert_int_equal(peer->conn->watched, EV_WRITE);
    assert_true(peer->conn->tls->unsent_len <= 32 * 1024);
    client_sends(peer, "yyy", 3);
    server_sends(peer, "z");
    reads = fixture->net.read_count;
    turn_for(&fixture->loop, 30);
    assert_int_equal(fixture->net.read_count, reads); /* nor does it turn in vain */
    empty_socket(peer, filled);
    peer->is_deaf = false;
    turn_until_input(peer, sent + 3);
    assert_client_gets(peer, "z");
}

static void reading_goes_on_though_the_client_wants_other_keys_and_reads_nothing(void **state)
{
    fixture_t *fixture = *state;
    peer_t *peer = connected_peer(fixture);
    size_t len = 900000;
    sc_text_t got = {0};

    peer->is_deaf = true;
    server_sends_bytes(peer, len);
    turn(peer);
    assert_true(sc_conn_backlog(peer->conn) > 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(SSL_key_update(peer->ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        client_sends(peer, "0123456789", 10);
        turn(peer);
    }
    peer->is_deaf = false;
    for (int i = 0; i < TURNS_MAX && (got.len < len || peer->input.len < 30); i++) {
        turn(peer);
        client_reads(peer, &got);
    }
    assert_pattern(&got, len);
    assert_int_equal(peer->input.len, 30);
    assert_server_gets(peer, "after all");
    sc_text_free(&got);
}

/* ---- The end ---------------------------------------------------------------------------------------------------- */

static void a_close_says_so_behind_all_that_was_sent(void **state)
{
    peer_t *peer = connected_peer(*state);
    sc_text_t got = {0};

    server_sends_bytes(peer, 500000);
    sc_conn_close(peer->conn);
    for (int i = 0; i < TURNS_MAX && (SSL_get_shutdown(peer->ssl) & SSL_RECEIVED_SHUTDOWN) == 0;
         i++) {
        turn(peer);
        client_reads(peer, &got);
    }
    assert_pattern(&got, 500000);
    assert_int_equal(SSL_get_shutdown(peer->ssl), SSL_RECEIVED_SHUTDOWN);
    assert_int_equal(SSL_shutdown(peer->ssl), 1);
    turn_until_end(peer);
    assert_int_equal(peer->end, SC_CONN_END_LOCAL);
    sc_text_free(&got);
}

static void an_abort_says_nothing(void **state)
{
    peer_t *peer = connected_peer(*state);
    sc_text_t got = {0};

    turn(peer);
    sc_conn_abort(peer->conn);
    turn_shortly(&peer->fixture->loop);
    fetch(peer);
    client_reads(peer, &got);
    assert_int_equal(SSL_get_shutdown(peer->ssl), 0);
    assert_int_equal(peer->end, SC_CONN_END_ABORT);
}

static void a_client_s_close_ends_the_connection_behind_its_last_bytes(void **state)
{
    peer_t *peer = connected_peer(*state);

    client_sends(peer, "last", 4);
    assert_int_equal(SSL_shutdown(peer->ssl), 0);
    turn_until_end(peer); /* the socket is still open */
    assert_int_equal(peer->input.len, 4);
    assert_int_equal(peer->end, SC_CONN_END_PEER);
}

static void check_close_behind_pause(fixture_t *fixture, size_t unit)
{
    peer_t *peer = connected_peer(fixture);

    fixture->unit = unit;
    peer->pauses = true;
    client_sends(peer, "lasts", 5);
    assert_int_equal(SSL_shutdown(peer->ssl), 0);
    for (int i = 0; i < 5; i++)
        turn(peer); /* the socket stays open, and says nothing more */
    assert_false(peer->has_ended);
    peer->pauses = false;
    sc_conn_resume(peer->conn);
    turn_until_end(peer);
    assert_int_equal(peer->input.len, 5 / unit * unit);
    assert_int_equal(peer->end, SC_CONN_END_PEER);
}

static void a_close_that_came_with_the_last_bytes_is_not_missed_by_a_pause(void **state)
{
    check_close_behind_pause(*state, 1);
    check_close_behind_pause(*state, 2); /* with a rest */
}

static void an_end_without_a_close_is_the_peer_s_end_too(void **state)
{
    peer_t *peer = connected_peer(*state);

    client_sends(peer, "last", 4);
    assert_true(hand_over(peer));
    close_peer(peer);
    turn_until_end(peer);
    assert_int_equal(peer->input.len, 4);
    assert_int_equal(peer->end, SC_CONN_END_PEER);
}

/* ---- Another certificate ---------------------------------------------------------------------------------------- */

static void assert_certificate(const peer_t *peer, const char *name)
{
    X509 *certificate = SSL_get1_peer_certificate(peer->ssl);
    char found[64] = "";

    assert_non_null(certificate);
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, found,
                              sizeof(found));
    X509_free(certificate);
    assert_string_equal(found, name);
}

static void a_new_certificate_is_for_new_connections_and_old_ones_live_on(void **state)
{
    fixture_t *fixture = *state;
    peer_t *old = connected_peer(fixture);
    peer_t *between = add_peer(fixture);
    peer_t *new_one;

    assert_false(shake(between));
    turn(between); /* its handshake has begun */
    use_certificate(fixture, 1);
    shake_hands(between);
    new_one = connected_peer(fixture);
    assert_certificate(old, "first");
    assert_certificate(between, "first");
    assert_certificate(new_one, "second");
    assert_server_gets(old, "old");
    assert_server_gets(between, "between");
    assert_server_gets(new_one, "new");
}

/* ---- */

static int make_certificates(void **state)
{
    (void)state;
    sc_log_init("test", (sc_log_level_t)(SC_LOG_ERROR + 1), SC_LOG_TEXT);
    certificates[0] = certificate_new((certificate_form_t){.name = "first"});
    certificates[1] = certificate_new((certificate_form_t){.name = "second", .is_rsa = true});
    return 0;
}

static int free_certificates(void **state)
{
    (void)state;
    certificate_free(&certificates[0]);
    certificate_free(&certificates[1]);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(both_versions_carry_bytes_both_ways),
        TEST(the_same_comes_of_it_byte_by_byte),
        TEST(what_is_sent_before_the_handshake_is_done_waits_for_it),
        TEST(a_connection_that_says_nothing_owns_no_tls_object),
        TEST(old_versions_are_refused),
        TEST(a_client_that_speaks_http_1_too_gets_it),
        TEST(a_client_that_speaks_only_something_else_is_told_so),
        TEST(garbage_ends_the_connection_and_is_counted),
        TEST(http_in_clear_is_answered_in_clear),
        TEST(a_client_that_goes_amid_the_handshake_ends_the_connection),
        TEST(a_connection_may_be_closed_amid_the_handshake),
        TEST(a_client_can_not_begin_another_handshake),
        TEST(a_ticket_is_good_in_every_worker_with_the_same_keys),
        TEST(other_ticket_keys_make_old_tickets_worthless_but_not_the_connection),
        TEST(without_ticket_keys_there_are_no_tickets),
        TEST(a_turn_takes_few_steps_of_handshakes_and_all_get_their_turn),
        TEST(those_who_leave_while_they_wait_hold_nobody_up),
        TEST(long_input_comes_whole_and_in_units),
        TEST(what_fills_the_buffer_to_its_last_byte_leaves_nothing_behind),
        TEST(a_turn_s_input_costs_one_system_call),
        TEST(a_paused_connection_reads_on_where_it_stopped),
        TEST(a_record_that_was_changed_on_its_way_ends_the_connection),
        TEST(an_error_of_others_is_not_taken_for_the_connection_s_own),
        TEST(one_connection_s_failure_is_nothing_to_another),
        TEST(the_frames_of_a_turn_are_one_record_and_one_system_call),
        TEST(a_slow_reader_gets_all_of_a_long_frame),
        TEST(frames_that_come_while_the_socket_is_full_stay_in_order),
        TEST(who_takes_nothing_is_cut_off),
        TEST(a_handshake_waits_until_the_socket_takes_its_answer),
        TEST(a_client_that_wants_keys_without_end_and_reads_nothing_is_read_no_more),
        TEST(reading_goes_on_though_the_client_wants_other_keys_and_reads_nothing),
        TEST(a_close_says_so_behind_all_that_was_sent),
        TEST(an_abort_says_nothing),
        TEST(a_client_s_close_ends_the_connection_behind_its_last_bytes),
        TEST(a_close_that_came_with_the_last_bytes_is_not_missed_by_a_pause),
        TEST(an_end_without_a_close_is_the_peer_s_end_too),
        TEST(a_new_certificate_is_for_new_connections_and_old_ones_live_on),
    };

    return cmocka_run_group_tests(tests, make_certificates, free_certificates);
}
