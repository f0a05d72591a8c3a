"""JAX: the product is a jitted jvp of the gradient, compiled before the clock
starts. `top` is scipy's eigsh on it, `quadrature` Lanczos from the given
probes with full two-pass reorthogonalisation, `product` one product, single
and in a block of ten. `reference` is the top 20 to 1e-10 and better, and the
loosest tolerance of ARPACK that keeps all of them right to 1e-6."""

import os
import time

import hessian_network as given
import numpy


def main():
    options = given.arguments("top", "quadrature", "product", "reference")
    os.environ["JAX_PLATFORMS"] = "cpu"
    import jax
    import jax.flatten_util
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", options.precision == "float64")
    x, y = (jnp.asarray(a) for a in given.objects(options))
    theta, matrices = jax.flatten_util.ravel_pytree([jnp.asarray(w) for w in given.weights(options)])

    def loss(theta, x, y):
        *hidden, last = matrices(theta)
        for w in hidden:
            x = jax.nn.relu(x @ w.T)
        z = x @ last.T
        return (jax.nn.logsumexp(z, axis=1) - jnp.take_along_axis(z, y[:, None], axis=1)[:, 0]).mean()

    # data are arguments: as constants XLA would fold them for minutes
    product = jax.jit(lambda v, x, y: jax.jvp(lambda t: jax.grad(loss)(t, x, y), (theta,), (v,))[1])
    block = jax.jit(lambda vs, x, y: jax.vmap(
        lambda v: jax.jvp(lambda t: jax.grad(loss)(t, x, y), (theta,), (v,))[1])(vs))
    start = time.perf_counter()
    product(theta, x, y).block_until_ready()
    compilation = time.perf_counter() - start

    def matvec(v):
        return numpy.asarray(product(jnp.asarray(v), x, y))

    figures = {"version": "jax " + jax.__version__, "compile_seconds": compilation}
    if options.job == "product":
        v, vs = jnp.asarray(given.direction(options)[0]), jnp.asarray(given.direction(options, 10))
        figures["seconds"] = given.median_seconds(lambda: product(v, x, y).block_until_ready())
        figures["block_seconds"] = given.median_seconds(lambda: block(vs, x, y).block_until_ready(), 3) / 10
        gradient = jax.jit(jax.grad(loss))
        figures["gradient_seconds"] = given.median_seconds(lambda: gradient(theta, x, y).block_until_ready())
    elif options.job == "top":
        figures |= given.top(matvec, theta.size, options)
    elif options.job == "reference":
        figures |= given.top(matvec, theta.size, options, tol=1e-13, ncv=80)
        for tolerance in (1e-2, 1e-3, 1e-4, 1e-6, 1e-8):
            values = given.top(matvec, theta.size, options, tol=tolerance)["values"]
            figures["tolerance"] = tolerance
            if given.largest_error(values, figures["values"]) <= 1e-6:
                break
    else:
        figures |= quadrature(matvec, lambda vs: numpy.asarray(block(jnp.asarray(vs), x, y)), given.probes(options), options.steps)
    given.report(**figures)


def quadrature(matvec, matmat, probes, steps):
    """A rule for each probe: nodes and weights. Products go one by one or in
    one block, whichever is faster here; the clock starts when that is known."""
    start = time.perf_counter()
    one = probes / numpy.linalg.norm(probes, axis=1, keepdims=True)
    matmat(one)
    middle = time.perf_counter()
    matmat(one)
    in_block = time.perf_counter() - middle
    middle = time.perf_counter()
    for v in one:
        matvec(v)
    blockwise = in_block < time.perf_counter() - middle
    start = time.perf_counter()
    count, n = probes.shape
    basis = numpy.zeros((count, steps, n), probes.dtype)
    diagonal, off = numpy.zeros((count, steps)), numpy.zeros((count, steps))
    basis[:, 0] = one
    for j in range(steps):
        images = matmat(basis[:, j]) if blockwise else [matvec(v) for v in basis[:, j]]
        for i in range(count):
            q, w = basis[i, :j + 1], images[i]
            for _ in range(2):
                c = q @ w
                diagonal[i, j] += c[j]
                w = w - c @ q
            off[i, j] = numpy.linalg.norm(w)
            if j + 1 < steps:
                basis[i, j + 1] = w / off[i, j]
    rules = []
    for i in range(count):
        t = numpy.diag(diagonal[i]) + numpy.diag(off[i, :-1], 1) + numpy.diag(off[i, :-1], -1)
        nodes, vectors = numpy.linalg.eigh(t)
        rules.append({"Nodes": nodes.tolist(), "Weights": (vectors[0]**2).tolist()})
    return {"seconds": time.perf_counter() - start, "rules": rules, "products": count * steps, "blockwise": blockwise}


if __name__ == "__main__":
    main()
