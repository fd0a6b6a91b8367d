/*
 * Intrusive doubly linked lists: a `struct list` member in each element and one as the head.
 *
 * The head of an empty list points at itself. An element is in at most one list per member.
 * Not synchronised: a list belongs to one thread, or to the lock of its owner.
 */
#ifndef WEBPLUS_BASE_LIST_H
#define WEBPLUS_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *prev, *next;
};

static inline void list_init(struct list *list)
{
	list->prev = list;
	list->next = list;
}

static inline bool list_empty(const struct list *list)
{
	return list->next == list;
}

/* Puts `node` behind `where`; with the head, at the front. */
static inline void list_insert(struct list *where, struct list *node)
{
	node->prev = where;
	node->next = where->next;
	where->next->prev = node;
	where->next = node;
}

static inline void list_append(struct list *head, struct list *node)
{
	list_insert(head->prev, node);
}

/* Leaves `node` an empty list of its own, so removing twice does no harm. */
static inline void list_remove(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

/* Moves all elements of `from` to the end of `to`. */
static inline void list_splice(struct list *to, struct list *from)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#define CONTAINER_OF(pointer, type, member)                                                        \
	((type *)(void *)((char *)(pointer) - offsetof(type, member)))

#define LIST_EACH(item, head, type, member)                                                        \
	for (type *item = CONTAINER_OF((head)->next, type, member); &item->member != (head);       \
	     item = CONTAINER_OF(item->member.next, type, member))

/* As LIST_EACH, but the body may remove or free `item`. */
#define LIST_EACH_SAFE(item, head, type, member)                                                   \
	for (type *item = CONTAINER_OF((head)->next, type, member),                                \
		  *item##_next = CONTAINER_OF(item->member.next, type, member);                    \
	     &item->member != (head);                                                              \
	     item = item##_next, item##_next = CONTAINER_OF(item->member.next, type, member))

#endif
