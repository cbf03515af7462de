/*
 * pool.c
 *		Threads that run tasks.
 *
 * One lock guards the queue.  Tasks are coarse (256 records), so it is rarely
 * contended.  Whoever waits for a task runs others meanwhile.  With one job there
 * is no thread, and a task runs as it is queued, while what it works on is in the
 * processor's cache.
 */
#include "bin/pool.h"

#include <pthread.h>
#include <stdlib.h>

#define OWNED_MAX 256 /* tasks that nobody waits for, before the caller helps */

struct Pool
{
	pthread_mutex_t lock;
	pthread_cond_t work;    /* a task was queued, or the end came */
	pthread_cond_t changed; /* a task was queued or is done: for who waits */
	Task *first[2];         /* urgent ones, and others */
	Task *last[2];
	int unfinished; /* queued or running */
	int owned;      /* of these, what nobody waits for */
	bool ending;
	int count;
	pthread_t threads[];
};

static Task *
take(Pool *pool)
{
	int list = pool->first[0] != NULL ? 0 : 1;
	Task *task = pool->first[list];

	if (task != NULL)
		pool->first[list] = task->next;
	return task;
}

/* Run a task that was taken.  The lock is held before and after, not meanwhile. */
static void
run(Pool *pool, Task *task)
{
	bool owned = task->owned;

	pthread_mutex_unlock(&pool->lock);
	task->run(task);
	if (owned)
		free(task);
	pthread_mutex_lock(&pool->lock);
	if (!owned)
		task->done = true;
	pool->owned -= owned;
	pool->unfinished--;
	pthread_cond_broadcast(&pool->changed);
}

static void *
serve(void *arg)
{
	Pool *pool = arg;
	Task *task;

	pthread_mutex_lock(&pool->lock);
	for (;;)
	{
		if ((task = take(pool)) != NULL)
			run(pool, task);
		else if (pool->ending)
			break;
		else
			pthread_cond_wait(&pool->work, &pool->lock);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

Pool *
pool_new(int jobs)
{
	int count = jobs - 1; /* the caller is one of them */
	Pool *pool = calloc(1, sizeof(Pool) + (size_t) count * sizeof(pthread_t));

	if (pool == NULL)
		return NULL;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->work, NULL);
	pthread_cond_init(&pool->changed, NULL);
	/* with fewer threads than asked for, it is slower, not wrong */
	while (pool->count < count &&
		   pthread_create(&pool->threads[pool->count], NULL, serve, pool) == 0)
		pool->count++;
	return pool;
}

void
pool_free(Pool *pool)
{
	if (pool == NULL)
		return;
	pool_drain(pool);
	pthread_mutex_lock(&pool->lock);
	pool->ending = true;
	pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->lock);
	for (int i = 0; i < pool->count; i++)
		pthread_join(pool->threads[i], NULL);
	pthread_cond_destroy(&pool->changed);
	pthread_cond_destroy(&pool->work);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

static void
queue(Pool *pool, Task *task, bool urgent)
{
	int list = urgent ? 0 : 1;

	task->done = false;
	task->next = NULL;
	if (pool->first[list] == NULL)
		pool->first[list] = task;
	else
		pool->last[list]->next = task;
	pool->last[list] = task;
	pool->unfinished++;
	pthread_cond_signal(&pool->work);
}

void
pool_submit(Pool *pool, Task *task, bool urgent)
{
	pthread_mutex_lock(&pool->lock);
	task->owned = false;
	queue(pool, task, urgent);
	if (pool->count == 0)
		run(pool, take(pool));
	pthread_mutex_unlock(&pool->lock);
}

void
pool_submit_owned(Pool *pool, Task *task)
{
	Task *other;

	pthread_mutex_lock(&pool->lock);
	task->owned = true;
	queue(pool, task, false);
	pool->owned++;
	while ((pool->count == 0 || pool->owned > OWNED_MAX) && (other = take(pool)) != NULL)
		run(pool, other);
	pthread_mutex_unlock(&pool->lock);
}

void
pool_wait(Pool *pool, Task *task)
{
	Task *other;

	pthread_mutex_lock(&pool->lock);
	while (!task->done)
	{
		if ((other = take(pool)) != NULL)
			run(pool, other);
		else
			pthread_cond_wait(&pool->changed, &pool->lock);
	}
	pthread_mutex_unlock(&pool->lock);
}

void
pool_drain(Pool *pool)
{
	Task *other;

	pthread_mutex_lock(&pool->lock);
	while (pool->unfinished > 0)
	{
		if ((other = take(pool)) != NULL)
			run(pool, other);
		else
			pthread_cond_wait(&pool->changed, &pool->lock);
	}
	pthread_mutex_unlock(&pool->lock);
}
