/*
 * The built-in model, webplus/guide: answers from Web+'s own guides by retrieval, without a network
 * or weights. The answer is found on a worker and then told word by word from the loop, as fast as
 * people like to read along.
 */
#include "providers/guide_answer.h"
#include "providers/registry.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { WORDS_PER_SECOND = 80, TICK_MIN_MS = 10, MS_PER_S = 1000 };

/* The provider's state. It outlives the provider until the last worker has come back. */
struct guide {
	struct loop *loop;
	struct pool *workers;
	int words_per_second;
	uv_timer_t ticker;    /* one for all answers, while there are any */
	struct list telling;  /* the answers that are being told */
	bool ticking;         /* their owners are being called: nothing is freed */
	unsigned references;  /* the provider's, its timer's and each answer's */
	pthread_mutex_t lock; /* of the making of the index, which the first question causes */
	struct arena arena;   /* of the names of the guides */
	struct guide_index *index;
};

struct chat {
	struct task search;       /* on a worker */
	struct loop_task arrived; /* back on the loop */
	struct guide *guide;
	const struct chat_events *events;
	void *context;
	char *question;
	char *told_before; /* what an answer to be continued has said already; NULL for a new one */
	struct buf answer;
	size_t at;          /* bytes told */
	int64_t start_ms;   /* loop time */
	int64_t words_told; /* since then */
	struct list node;   /* in `telling` */
	bool cancelled;
};

static void guide_unref(struct guide *guide)
{
	if (--guide->references > 0)
		return;
	guide_index_destroy(guide->index);
	arena_finish(&guide->arena);
	pthread_mutex_destroy(&guide->lock);
	free(guide);
}

static void chat_free(struct chat *chat)
{
	list_remove(&chat->node);
	buf_finish(&chat->answer);
	free(chat->question);
	free(chat->told_before);
	guide_unref(chat->guide);
	free(chat);
}

/* Telling it. */

/* Where the text ends that has `words` more words from `at`, each with the space behind it. */
static size_t skip_words(const struct buf *text, size_t at, int64_t words)
{
	while (words-- > 0 && at < text->length) {
		at += strcspn(text->data + at, " \n");
		at += strspn(text->data + at, " \n");
	}
	return at;
}

/* Tells what is due; returns whether that was all. */
static bool tell(struct chat *chat, int64_t now_ms)
{
	int64_t due = 1 + (now_ms - chat->start_ms) * chat->guide->words_per_second / MS_PER_S;
	size_t from = chat->at;

	chat->at = skip_words(&chat->answer, from, due - chat->words_told);
	chat->words_told = due;
	if (chat->at > from)
		chat->events->text(chat->context, chat->answer.data + from, chat->at - from);
	return chat->at == chat->answer.length;
}

static void end(struct chat *chat)
{
	chat->cancelled = true;
	chat->events->end(chat->context, CHAT_COMPLETE, NULL, (struct chat_usage){ -1, -1 });
}

static void free_cancelled(struct guide *guide)
{
	LIST_EACH_SAFE(chat, &guide->telling, struct chat, node)
		if (chat->cancelled)
			chat_free(chat);
}

static void on_tick(uv_timer_t *ticker)
{
	struct guide *guide = ticker->data;
	int64_t now_ms = (int64_t)uv_now(&guide->loop->uv);

	/* An owner may cancel any answer meanwhile, and none is freed before the end. */
	guide->ticking = true;
	LIST_EACH(chat, &guide->telling, struct chat, node)
		if (!chat->cancelled && tell(chat, now_ms) && !chat->cancelled)
			end(chat);
	guide->ticking = false;
	guide->references++;
	free_cancelled(guide);
	if (list_empty(&guide->telling))
		uv_timer_stop(ticker);
	guide_unref(guide);
}

/*
 * Going on: what was told before is left out where the answer is still the same; else it is told
 * anew.
 */
static void skip_told(struct chat *chat)
{
	size_t length = chat->told_before != NULL ? strlen(chat->told_before) : 0;

	if (length == 0)
		return;
	if (length <= chat->answer.length &&
	    memcmp(chat->answer.data, chat->told_before, length) == 0)
		chat->at = length;
	else
		chat->events->text(chat->context, "\n\n", 2);
}

static void on_arrived(struct loop_task *task)
{
	struct chat *chat = CONTAINER_OF(task, struct chat, arrived);
	struct guide *guide = chat->guide;
	uint64_t tick_ms = (uint64_t)(MS_PER_S / guide->words_per_second);

	if (!chat->cancelled)
		skip_told(chat);
	if (chat->cancelled) {
		chat_free(chat);
		return;
	}
	chat->start_ms = (int64_t)uv_now(&guide->loop->uv);
	list_append(&guide->telling, &chat->node);
	if (tick_ms < TICK_MIN_MS)
		tick_ms = TICK_MIN_MS;
	if (!uv_is_active((const uv_handle_t *)&guide->ticker))
		uv_timer_start(&guide->ticker, on_tick, 0, tick_ms);
}

/* Finding it, on a worker. */

static struct guide_index *index_of(struct guide *guide)
{
	pthread_mutex_lock(&guide->lock);
	if (guide->index == NULL) {
		struct guide_document *documents;
		size_t count;

		guide_documents(&guide->arena, &documents, &count);
		guide->index = guide_index_create(documents, count);
	}
	pthread_mutex_unlock(&guide->lock);
	return guide->index;
}

static void search(struct task *task)
{
	struct chat *chat = CONTAINER_OF(task, struct chat, search);

	guide_answer_write(index_of(chat->guide), chat->question, &chat->answer);
	loop_post(chat->guide->loop, &chat->arrived);
}

/* What the registry calls. */

static void on_ticker_closed(uv_handle_t *ticker)
{
	guide_unref(ticker->data);
}

static struct guide *guide_of(struct provider *provider)
{
	const struct registry_options *options = &provider->registry->options;
	struct guide *guide = provider->state;

	if (guide != NULL)
		return guide;
	guide = MEMORY_NEW(struct guide);
	guide->loop = options->loop;
	guide->workers = options->workers;
	guide->words_per_second = options->guide_words_per_second;
	if (guide->words_per_second <= 0)
		guide->words_per_second = WORDS_PER_SECOND;
	uv_timer_init(&guide->loop->uv, &guide->ticker);
	guide->ticker.data = guide;
	guide->references = 2;
	list_init(&guide->telling);
	pthread_mutex_init(&guide->lock, NULL);
	arena_init(&guide->arena);
	provider->state = guide;
	return guide;
}

static void refresh(struct provider *provider)
{
	static const struct model model = { .id = "guide", .name = "Web+ Guide" };

	provider_models_set(provider, &model, 1);
}

static const char *last_question(const struct chat_request *request)
{
	for (size_t i = request->turns_count; i > 0; i--)
		if (request->turns[i - 1].role == CHAT_USER)
			return request->turns[i - 1].content;
	return "";
}

static struct chat *chat_start(struct provider *provider, const struct chat_request *request,
			       const struct chat_events *events, void *context)
{
	struct guide *guide = guide_of(provider);
	struct chat *chat = MEMORY_NEW(struct chat);

	chat->guide = guide;
	guide->references++;
	chat->events = events;
	chat->context = context;
	chat->question = memory_strdup(last_question(request));
	if (request->go_on && request->turns_count > 0)
		chat->told_before = memory_strdup(request->turns[request->turns_count - 1].content);
	buf_init(&chat->answer, GUIDE_ANSWER_MAX);
	list_init(&chat->node);
	chat->search.run = search;
	chat->arrived.run = on_arrived;
	pool_submit(guide->workers, &chat->search);
	return chat;
}

static void chat_cancel(struct chat *chat)
{
	bool telling = !list_empty(&chat->node);

	chat->cancelled = true;
	/* One that is still searched for is freed when it arrives. */
	if (telling && !chat->guide->ticking)
		chat_free(chat);
}

static void destroy(struct provider *provider)
{
	struct guide *guide = provider->state;

	if (guide == NULL)
		return;
	uv_close((uv_handle_t *)&guide->ticker, on_ticker_closed);
	guide_unref(guide);
}

const struct provider_kind builtin_kind = {
	.name = "webplus",
	.refresh = refresh,
	.chat_start = chat_start,
	.chat_cancel = chat_cancel,
	.destroy = destroy,
};
