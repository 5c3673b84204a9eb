#include "worker/http/http_request.h"

#include "common/alloc.h"
#include "common/str.h"

#include <llhttp/llhttp.h>

/* More headers than any client sends, and few enough that comparing each with each costs nothing. */
#define HEADERS_MAX 128u

/* A place in head->text, which moves while it grows. */
typedef struct span {
    uint32_t at;
    uint32_t len;
} span_t;

typedef struct header {
    span_t name;
    span_t value;
} header_t;

/* Where the parser is; it moves forward only, until sc_http_head_reset. */
typedef enum stage {
    STAGE_HEAD,
    STAGE_BODY,
    STAGE_COMPLETE,
    STAGE_FAILED,
} stage_t;

struct sc_http_head {
    llhttp_t parser;
    sc_http_limits_t limits;
    stage_t stage;
    bool is_begun;
    bool keeps_alive;
    bool is_in_value;   /* the last header's value has begun: what comes next is another name */
    bool is_after_line; /* the head's last byte so far ended a line */
    int error_status;   /* what a callback refused; 0: nothing */
    size_t head_bytes;  /* of the head that have come */
    sc_text_t text;     /* target, names and values one after the other */
    span_t target;
    span_t path;
    span_t query;
    bool has_query;
    bool has_expectation; /* the client waits for "100 Continue" */
    header_t headers[HEADERS_MAX];
    uint32_t header_count;
    sc_text_t body;
};

/* ---- What the parser calls ------------------------------------------------------------------------------- */

/** Refuses the request: the parser stops, and error_status says with what. */
static int refuse(sc_http_head_t *head, int status)
{
    head->error_status = status;
    return HPE_USER;
}

/** Makes room for bytes whose amount the client chose, within a limit that was checked. */
static bool make_room(sc_text_t *text, size_t len)
{
    size_t capacity = 2 * text->capacity;
    char *ptr;

    if (len <= text->capacity - text->len)
        return true;
    if (capacity < text->len + len)
        capacity = text->len + len;
    ptr = realloc(text->ptr, capacity);
    if (ptr == NULL)
        return false;
    text->ptr = ptr;
    text->capacity = capacity;
    return true;
}

static bool add_bytes(sc_text_t *text, const char *bytes, size_t len)
{
    if (!make_room(text, len))
        return false;
    if (len > 0)
        memcpy(text->ptr + text->len, bytes, len);
    text->len += len;
    return true;
}

/** Adds bytes to the head's text and to the span that is its last. */
static int add_to_span(sc_http_head_t *head, span_t *span, const char *bytes, size_t len)
{
    if (span->len == 0)
        span->at = (uint32_t)head->text.len;
    if (!add_bytes(&head->text, bytes, len))
        return refuse(head, 503);
    span->len += (uint32_t)len;
    return 0;
}

static int on_message_begin(llhttp_t *parser)
{
    sc_http_head_t *head = parser->data;

    head->is_begun = true;
    return 0;
}

static int on_url(llhttp_t *parser, const char *bytes, size_t len)
{
    sc_http_head_t *head = parser->data;

    return add_to_span(head, &head->target, bytes, len);
}

static int on_header_field(llhttp_t *parser, const char *bytes, size_t len)
{
    sc_http_head_t *head = parser->data;

    if (head->stage != STAGE_HEAD)
        return 0; /* behind the chunks of a body: nobody asks for those */
    if (head->header_count == 0 || head->is_in_value) {
        if (head->header_count == HEADERS_MAX)
            return refuse(head, 431);
        head->header_count++;
        head->is_in_value = false;
    }
    return add_to_span(head, &head->headers[head->header_count - 1].name, bytes, len);
}

static int on_header_value(llhttp_t *parser, const char *bytes, size_t len)
{
    sc_http_head_t *head = parser->data;

    if (head->stage != STAGE_HEAD)
        return 0;
    if (head->header_count == 0)
        return refuse(head, 400);
    head->is_in_value = true;
    return add_to_span(head, &head->headers[head->header_count - 1].value, bytes, len);
}

/** An empty value may come without on_header_value. */
static int on_header_value_complete(llhttp_t *parser)
{
    sc_http_head_t *head = parser->data;

    head->is_in_value = true;
    return 0;
}

static int on_headers_complete(llhttp_t *parser)
{
    sc_http_head_t *head = parser->data;

    head->stage = STAGE_BODY;
    return HPE_PAUSED; /* the head's end has to be known: feed goes on from there */
}

static int on_body(llhttp_t *parser, const char *bytes, size_t len)
{
    sc_http_head_t *head = parser->data;

    if (len > head->limits.body_bytes_max - head->body.len)
        return refuse(head, 413);
    return add_bytes(&head->body, bytes, len) ? 0 : refuse(head, 503);
}

static int on_message_complete(llhttp_t *parser)
{
    sc_http_head_t *head = parser->data;

    head->stage = STAGE_COMPLETE;
    head->keeps_alive = llhttp_should_keep_alive(parser) != 0;
    return HPE_PAUSED; /* what follows is another request, or another protocol */
}

static const llhttp_settings_t parser_settings = {
    .on_message_begin = on_message_begin,
    .on_url = on_url,
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_header_value_complete = on_header_value_complete,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

/* ---- Life -------------------------------------------------------------------------------------------------- */

static void init_parser(sc_http_head_t *head)
{
    llhttp_init(&head->parser, HTTP_REQUEST, &parser_settings);
    head->parser.data = head;
    head->stage = STAGE_HEAD;
}

sc_http_head_t *sc_http_head_new(const sc_http_limits_t *limits)
{
    sc_http_head_t *head = sc_new(sc_http_head_t);

    head->limits = *limits;
    init_parser(head);
    return head;
}

void sc_http_head_free(sc_http_head_t *head)
{
    if (head == NULL)
        return;
    sc_text_free(&head->text);
    sc_text_free(&head->body);
    free(head);
}

void sc_http_head_reset(sc_http_head_t *head)
{
    sc_http_limits_t limits = head->limits;

    sc_text_free(&head->text);
    sc_text_free(&head->body);
    memset(head, 0, sizeof(*head));
    head->limits = limits;
    init_parser(head);
}

/* ---- The head, once it is there ---------------------------------------------------------------------------- */

static sc_str_t span_str(const sc_http_head_t *head, span_t span)
{
    return sc_str(head->text.len > 0 ? head->text.ptr + span.at : "", span.len);
}

/** How many bytes of the target come before the path: those of "http://host" in its absolute form (RFC 9112, 3.2.2). */
static size_t path_start(sc_str_t target)
{
    const char *colon;
    size_t at;

    if (target.len == 0 || target.ptr[0] == '/')
        return 0;
    colon = memchr(target.ptr, ':', target.len);
    if (colon == NULL)
        return 0;
    at = (size_t)(colon - target.ptr) + 3;
    if (at > target.len || memcmp(colon, "://", 3) != 0)
        return 0;
    while (at < target.len && target.ptr[at] != '/' && target.ptr[at] != '?')
        at++;
    return at;
}

/** Finds path and query in the target; a fragment, which has no place there, is left out. */
static void split_target(sc_http_head_t *head)
{
    sc_str_t target = span_str(head, head->target);
    size_t start = path_start(target);
    size_t end = start;
    size_t query_end;

    while (end < target.len && target.ptr[end] != '?' && target.ptr[end] != '#')
        end++;
    head->path.at = head->target.at + (uint32_t)start;
    head->path.len = (uint32_t)(end - start);
    head->has_query = end < target.len && target.ptr[end] == '?';
    if (!head->has_query)
        return;
    query_end = ++end;
    while (query_end < target.len && target.ptr[query_end] != '#')
        query_end++;
    head->query.at = head->target.at + (uint32_t)end;
    head->query.len = (uint32_t)(query_end - end);
}

/** Joins the values of headers of one name (RFC 9110, 5.3): they become the value of the first of them, the others lose
 *  their names. There is room for all of it: nothing moves. */
static void join_header(sc_http_head_t *head, uint32_t first, uint32_t second)
{
    sc_str_t name = span_str(head, head->headers[first].name);
    sc_str_t value = span_str(head, head->headers[first].value);
    span_t joined = {(uint32_t)head->text.len, 0};

    sc_text_add(&head->text, value);
    for (uint32_t i = second; i < head->header_count; i++) {
        header_t *header = &head->headers[i];

        if (!sc_str_equal_nocase(name, span_str(head, header->name)))
            continue;
        sc_text_add(&head->text, SC_STR(", "));
        sc_text_add(&head->text, span_str(head, header->value));
        header->name.len = 0;
    }
    joined.len = (uint32_t)head->text.len - joined.at;
    head->headers[first].value = joined;
}

/** @return the next header after `first` with its name; header_count: none. */
static uint32_t find_twin(const sc_http_head_t *head, uint32_t first)
{
    sc_str_t name = span_str(head, head->headers[first].name);
    uint32_t i = first + 1;

    while (i < head->header_count &&
           !sc_str_equal_nocase(name, span_str(head, head->headers[i].name)))
        i++;
    return i;
}

/** The parser leaves blanks at the end, which are no part of a value (RFC 9112, 5.1). */
static void trim_values(sc_http_head_t *head)
{
    for (uint32_t i = 0; i < head->header_count; i++) {
        span_t *value = &head->headers[i].value;
        sc_str_t raw = span_str(head, *value);
        sc_str_t trimmed = sc_str_trim(raw);

        value->at += (uint32_t)(trimmed.ptr - raw.ptr);
        value->len = (uint32_t)trimmed.len;
    }
}

/** @return false: no memory. */
static bool join_headers(sc_http_head_t *head)
{
    size_t room = head->text.len + HEADERS_MAX * 2;
    bool has_room = false;

    for (uint32_t i = 0; i < head->header_count; i++) {
        uint32_t twin;

        if (head->headers[i].name.len == 0)
            continue;
        twin = find_twin(head, i);
        if (twin == head->header_count)
            continue;
        if (!has_room && !make_room(&head->text, room))
            return false;
        has_room = true;
        join_header(head, i, twin);
    }
    return true;
}

static uint32_t count_headers(const sc_http_head_t *head, sc_str_t name)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < head->header_count; i++)
        count += sc_str_equal_nocase(name, span_str(head, head->headers[i].name)) ? 1 : 0;
    return count;
}

static bool is_http_1_1(const sc_http_head_t *head)
{
    return head->parser.http_major == 1 && head->parser.http_minor >= 1;
}

/** What a head must have (RFC 9112, 3.2; RFC 9110, 10.1.1) and what we allow. @return 0, or the status to refuse with. */
static int check_head(sc_http_head_t *head)
{
    uint32_t host_count = count_headers(head, SC_STR("Host"));
    sc_str_t expect;

    if (head->parser.http_major != 1)
        return 505;
    if (host_count > 1 || (host_count == 0 && is_http_1_1(head)))
        return 400;
    if (count_headers(head, SC_STR("")) > 0)
        return 400;
    if ((head->parser.flags & F_TRANSFER_ENCODING) != 0 && !is_http_1_1(head))
        return 400; /* a proxy of that age has passed on what it can't frame (RFC 9112, 6.1) */
    if ((head->parser.flags & F_CONTENT_LENGTH) != 0 &&
        head->parser.content_length > head->limits.body_bytes_max)
        return 413;
    trim_values(head);
    if (!join_headers(head))
        return 503;
    expect = sc_http_head_header(head, SC_STR("Expect"));
    if (sc_str_is_none(expect) || !is_http_1_1(head))
        return 0;
    head->has_expectation = sc_str_equal_nocase(expect, SC_STR("100-continue"));
    return head->has_expectation ? 0 : 417;
}

/* ---- The stream -------------------------------------------------------------------------------------------- */

static sc_status_t fail(sc_http_head_t *head, int status)
{
    head->stage = STAGE_FAILED;
    head->error_status = status;
    return status == 413 || status == 431 || status == 503 ? SC_ERR_LIMIT : SC_ERR_PROTOCOL;
}

/** Whether a header's line goes on in the next one. The parser joins such lines; RFC 9112, 5.2 lets us refuse them. */
static bool has_folded_line(sc_http_head_t *head, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (head->is_after_line && (bytes[i] == ' ' || bytes[i] == '\t'))
            return true;
        head->is_after_line = bytes[i] == '\n';
    }
    return false;
}

/**
 * Lets the parser run.
 *
 * @param used  set to how far it came
 * @return SC_OK: it wants more, or has stopped at the end of the head or of the request
 */
static sc_status_t run_parser(sc_http_head_t *head, const char *bytes, size_t len, size_t *used)
{
    llhttp_errno_t error = llhttp_execute(&head->parser, bytes, len);

    *used = len;
    if (error == HPE_OK)
        return SC_OK;
    *used = (size_t)(llhttp_get_error_pos(&head->parser) - bytes);
    if (error == HPE_PAUSED || error == HPE_PAUSED_UPGRADE)
        return SC_OK;
    if (error == HPE_USER)
        return fail(head, head->error_status);
    if (error == HPE_INVALID_VERSION || error == HPE_PAUSED_H2_UPGRADE)
        return fail(head, 505);
    return fail(head, 400);
}

static sc_status_t finish_head(sc_http_head_t *head, const char *next)
{
    int refusal = check_head(head);
    size_t used;

    if (refusal != 0)
        return fail(head, refusal);
    split_target(head);
    llhttp_resume(&head->parser);
    return run_parser(head, next, 0, &used); /* a request without body is complete now */
}

static sc_status_t feed_head(sc_http_head_t *head, const char *bytes, size_t len, size_t *used)
{
    size_t room = head->limits.head_bytes_max - head->head_bytes;
    sc_status_t status = run_parser(head, bytes, len < room ? len : room, used);

    head->head_bytes += *used;
    if (has_folded_line(head, bytes, *used))
        return fail(head, 400);
    if (status != SC_OK)
        return status;
    if (head->stage != STAGE_HEAD)
        return finish_head(head, bytes + *used);
    return head->head_bytes < head->limits.head_bytes_max ? SC_OK : fail(head, 431);
}

sc_status_t sc_http_head_feed(sc_http_head_t *head, const char *bytes, size_t len, size_t *used)
{
    sc_status_t status = SC_OK;
    size_t at = 0;

    while (status == SC_OK && at < len && head->stage < STAGE_COMPLETE) {
        size_t taken;

        if (head->stage == STAGE_HEAD)
            status = feed_head(head, bytes + at, len - at, &taken);
        else
            status = run_parser(head, bytes + at, len - at, &taken);
        at += taken;
    }
    *used = at;
    if (status != SC_OK)
        return status;
    return head->stage == STAGE_COMPLETE ? SC_OK : SC_AGAIN;
}

int sc_http_head_error_status(const sc_http_head_t *head)
{
    return head->error_status;
}

bool sc_http_head_is_begun(const sc_http_head_t *head)
{
    return head->is_begun;
}

bool sc_http_head_take_expectation(sc_http_head_t *head)
{
    bool is_waiting = head->has_expectation && head->stage == STAGE_BODY && head->body.len == 0;

    head->has_expectation = false;
    return is_waiting;
}

/* ---- What it says ------------------------------------------------------------------------------------------ */

sc_str_t sc_http_head_method(const sc_http_head_t *head)
{
    return sc_str_from(llhttp_method_name((llhttp_method_t)head->parser.method));
}

sc_str_t sc_http_head_path(const sc_http_head_t *head)
{
    return head->path.len > 0 ? span_str(head, head->path) : SC_STR("/");
}

sc_str_t sc_http_head_query(const sc_http_head_t *head)
{
    return head->has_query ? span_str(head, head->query) : sc_str_none();
}

sc_str_t sc_http_head_header(const sc_http_head_t *head, sc_str_t name)
{
    if (name.len == 0)
        return sc_str_none();
    for (uint32_t i = 0; i < head->header_count; i++) {
        if (sc_str_equal_nocase(name, span_str(head, head->headers[i].name)))
            return span_str(head, head->headers[i].value);
    }
    return sc_str_none();
}

sc_str_t sc_http_head_body(const sc_http_head_t *head)
{
    return sc_text_str(&head->body);
}

bool sc_http_head_keeps_alive(const sc_http_head_t *head)
{
    return head->keeps_alive;
}

/** Whether a header that is a list of tokens has one of them, without case. */
static bool has_token(const sc_http_head_t *head, sc_str_t name, sc_str_t token)
{
    sc_str_t rest = sc_http_head_header(head, name);
    sc_str_t part;

    while (sc_str_split(&rest, ',', &part)) {
        if (sc_str_equal_nocase(sc_str_trim(part), token))
            return true;
    }
    return false;
}

bool sc_http_head_wants_websocket(const sc_http_head_t *head)
{
    return is_http_1_1(head) && has_token(head, SC_STR("Connection"), SC_STR("upgrade")) &&
           has_token(head, SC_STR("Upgrade"), SC_STR("websocket"));
}
