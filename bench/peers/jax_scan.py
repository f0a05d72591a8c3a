"""JAX with the whole training in one jitted function (scan over epochs and
batches), compiled ahead and timed apart, one single-threaded process a core."""

import os
import time

import recipe


def work():
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    os.environ["JAX_PLATFORMS"] = "cpu"
    import jax
    import jax.numpy as jnp

    data, _ = recipe.arguments()
    images, labels = recipe.DATA[data]()
    x = (jnp.asarray(images, jnp.float32) / 255 - 0.5) / 0.5
    y = jnp.asarray(labels, jnp.int32)
    full = recipe.OBJECTS // recipe.BATCH  # the last batch of an epoch is smaller

    def losses(weights, x, y):
        for w in weights[:-1]:
            x = jax.nn.relu(x @ w)
        z = x @ weights[-1]
        return jax.nn.logsumexp(z, axis=1) - jnp.take_along_axis(z, y[:, None], axis=1)[:, 0]

    gradient = jax.grad(lambda weights, x, y: losses(weights, x, y).mean())

    def step(state, batch):
        weights, m, v, t = state
        g = gradient(weights, x[batch], y[batch])
        t = t + 1
        m = [0.9 * a + 0.1 * b for a, b in zip(m, g)]
        v = [0.999 * a + 0.001 * b * b for a, b in zip(v, g)]
        weights = [w - 1e-3 * (a / (1 - 0.9**t)) / (jnp.sqrt(b / (1 - 0.999**t)) + 1e-8)
                   for w, a, b in zip(weights, m, v)]
        return (weights, m, v, t), None

    def epoch(state, key):
        order = jax.random.permutation(key, recipe.OBJECTS)
        state, _ = jax.lax.scan(step, state, order[:full * recipe.BATCH].reshape(full, recipe.BATCH))
        state, _ = step(state, order[full * recipe.BATCH:])
        return state, None

    def train(weights, key):
        zeros = [jnp.zeros_like(w) for w in weights]
        state, _ = jax.lax.scan(epoch, (weights, zeros, zeros, jnp.float32(0)), jax.random.split(key, recipe.EPOCHS))
        return losses(state[0], x, y)

    def run(h, num_layers):
        sizes = [x.shape[1]] + [h] * (num_layers + 1) + [recipe.CLASSES]
        keys = jax.random.split(jax.random.key(h * 100 + num_layers), len(sizes))
        weights = [jax.random.uniform(k, (a, b), jnp.float32, -(a**-0.5), a**-0.5)
                   for k, a, b in zip(keys, sizes, sizes[1:])]
        start = time.perf_counter()
        compiled = jax.jit(train).lower(weights, keys[-1]).compile()
        middle = time.perf_counter()
        mean = float(compiled(weights, keys[-1]).mean())
        return middle - start, time.perf_counter() - middle, mean

    return run


def main():
    import jax

    _, networks = recipe.arguments()
    seconds, results = recipe.on_each_core(work, networks)
    cores = len(os.sched_getaffinity(0))
    recipe.report(seconds=seconds, networks=len(networks),
                  compile_seconds=sum(r[0] for _, r in results) / cores,
                  run_seconds=sum(r[1] for _, r in results) / cores,
                  mean_loss=sum(r[2] for _, r in results) / len(results), version="jax " + jax.__version__)


if __name__ == "__main__":
    main()
