// The two operators of fused.h, for the GPU and for the CPU. Sums are in float32 or finer.
#include <cuda_runtime.h>

#include "fused.h"

namespace {

constexpr int THREADS = 512;

__host__ __device__ int reflected(int at, int size) {
    at = at < 0 ? -at : at;
    return at < size ? at : 2 * (size - 1) - at;
}

__host__ __device__ float rectified(float value, float slope) {
    return value > 0 ? value : slope * value;
}

// The two rows (or columns) between which a row of the doubled picture lies, and how near the
// second: centres are at (i + 1/2) / 2 - 1/2.
__host__ __device__ void between(int at, int size, int* first, int* second, float* near) {
    const int low = (at - 1) >> 1;
    *near = (at & 1) ? 0.25f : 0.75f;
    *first = low < 0 ? 0 : low;
    *second = low + 1 < size ? low + 1 : size - 1;
}

// Eight channels of a pixel, loaded and stored at once.
struct Eight {
    uint4 whole;

    __device__ float of(int i) const {
        return __half2float(reinterpret_cast<const __half*>(&whole)[i]);
    }
    __device__ void set(int i, float value) {
        reinterpret_cast<__half*>(&whole)[i] = __float2half(value);
    }
};

// ---------------------------------------------------------------- on the GPU

// The sums over all pixels of the eight channels that this thread shares with others.
__device__ void summed(float (&value)[VECTOR], float (*shared)[GROUPS * VECTOR]) {
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, group = threadIdx.x % GROUPS;
    for (int apart = GROUPS; apart < 32; apart *= 2)
        for (int i = 0; i < VECTOR; ++i) value[i] += __shfl_xor_sync(~0u, value[i], apart);
    __syncthreads();  // the last sums have been read
    if (lane < GROUPS)
        for (int i = 0; i < VECTOR; ++i) shared[warp][lane * VECTOR + i] = value[i];
    __syncthreads();
    if (threadIdx.x < GROUPS * VECTOR) {
        float total = 0;
        for (int w = 0; w < THREADS / 32; ++w) total += shared[w][threadIdx.x];
        shared[0][threadIdx.x] = total;
    }
    __syncthreads();
    for (int i = 0; i < VECTOR; ++i) value[i] = shared[0][group * VECTOR + i];
}

// One block: GROUPS vectors of channels of one sample, all their pixels in registers.
__global__ void __launch_bounds__(THREADS, 2)
styled_norm(const __half* x, const __half* style, const __half* residual, __half* out, Dims d,
            Norm norm) {
    constexpr int KEPT = PIXELS * GROUPS / THREADS;
    __shared__ float shared[THREADS / 32][GROUPS * VECTOR];
    const int blocks = d.channels / (GROUPS * VECTOR);
    const int sample = blockIdx.x / blocks;
    const int channel = (blockIdx.x % blocks * GROUPS + threadIdx.x % GROUPS) * VECTOR;
    const int pixels = d.height * d.width, first = threadIdx.x / GROUPS;
    constexpr int STEP = THREADS / GROUPS;

    Eight kept[KEPT];
    float mean[VECTOR] = {}, variance[VECTOR] = {};
    const __half* source = x + int64_t(sample) * pixels * d.channels + channel;
#pragma unroll
    for (int k = 0; k < KEPT; ++k) {
        const int pixel = first + k * STEP;
        if (pixel < pixels)
            kept[k].whole = *reinterpret_cast<const uint4*>(source + int64_t(pixel) * d.channels);
    }
#pragma unroll
    for (int k = 0; k < KEPT; ++k)
        if (first + k * STEP < pixels)
            for (int i = 0; i < VECTOR; ++i) mean[i] += kept[k].of(i);
    summed(mean, shared);
    for (int i = 0; i < VECTOR; ++i) mean[i] /= pixels;
#pragma unroll
    for (int k = 0; k < KEPT; ++k)
        if (first + k * STEP < pixels)
            for (int i = 0; i < VECTOR; ++i) {
                const float apart = kept[k].of(i) - mean[i];
                variance[i] += apart * apart;
            }
    summed(variance, shared);

    const __half* row = style + int64_t(sample) * norm.row + channel;
    for (int i = 0; i < VECTOR; ++i) {  // from here on y = x * variance + mean
        const float gain = __half2float(row[norm.gain + i]);
        variance[i] = gain * rsqrtf(variance[i] / pixels + norm.epsilon);
        mean[i] = __half2float(row[norm.shift + i]) - mean[i] * variance[i];
    }
    const int b = norm.border, tall = d.height + 2 * b, wide = d.width + 2 * b;
    const int q = norm.inset, pitch = d.width + 2 * q;
    const __half* others = residual + int64_t(sample) * (d.height + 2 * q) * pitch * d.channels;
    __half* target = out + int64_t(sample) * tall * wide * d.channels + channel;
#pragma unroll
    for (int k = 0; k < KEPT; ++k) {
        const int pixel = first + k * STEP;
        if (pixel >= pixels) continue;
        const int y = pixel / d.width, column = pixel % d.width;
        Eight other, made;
        if (residual)
            other.whole = *reinterpret_cast<const uint4*>(
                others + (int64_t(y + q) * pitch + column + q) * d.channels + channel);
        for (int i = 0; i < VECTOR; ++i) {
            float value = kept[k].of(i) * variance[i] + mean[i];
            value = rectified(value, norm.slope);
            if (residual) value += other.of(i);
            made.set(i, value);
        }
        // A pixel near an edge stands in the border too: at most three rows by three columns.
        const int rows[3] = {y + b, y >= 1 && y <= b ? b - y : -1,
                             y >= d.height - 1 - b && y <= d.height - 2
                                 ? b + 2 * (d.height - 1) - y : -1};
        const int columns[3] = {column + b, column >= 1 && column <= b ? b - column : -1,
                                column >= d.width - 1 - b && column <= d.width - 2
                                    ? b + 2 * (d.width - 1) - column : -1};
        for (int r : rows)
            for (int c : columns)
                if (r >= 0 && c >= 0)
                    *reinterpret_cast<uint4*>(target + (int64_t(r) * wide + c) * d.channels) =
                        made.whole;
    }
}

// One block row: one row of one sample's result; threads run over its columns and channels.
__global__ void pad_upsample(const __half* x, __half* out, Dims d, Resampling how) {
    const int tall = d.height * how.scale + 2 * how.border;
    const int wide = d.width * how.scale + 2 * how.border;
    const int vectors = d.channels / VECTOR;
    const int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= wide * vectors) return;
    const int column = at / vectors, channel = at % vectors * VECTOR;
    const int sample = blockIdx.y / tall, line = blockIdx.y % tall;
    const int y = reflected(line - how.border, d.height * how.scale);
    const int z = reflected(column - how.border, d.width * how.scale);
    const __half* source = x + int64_t(sample) * d.height * d.width * d.channels + channel;
    auto pixel = [&](int row, int col) {
        Eight found;
        found.whole = *reinterpret_cast<const uint4*>(
            source + (int64_t(row) * d.width + col) * d.channels);
        return found;
    };
    Eight made;
    if (how.scale == 1) {
        made = pixel(y, z);
        for (int i = 0; i < VECTOR; ++i)
            made.set(i, rectified(made.of(i), how.slope));
    } else {
        int y0, y1, z0, z1;
        float down, right;
        between(y, d.height, &y0, &y1, &down);
        between(z, d.width, &z0, &z1, &right);
        const Eight a = pixel(y0, z0), b = pixel(y0, z1), c = pixel(y1, z0), e = pixel(y1, z1);
        for (int i = 0; i < VECTOR; ++i) {
            auto of = [&](const Eight& some) {
                return rectified(some.of(i), how.slope);
            };
            const float above = of(a) + right * (of(b) - of(a));
            const float below = of(c) + right * (of(e) - of(c));
            made.set(i, above + down * (below - above));
        }
    }
    *reinterpret_cast<uint4*>(out + (int64_t(blockIdx.y) * wide + column) * d.channels + channel) =
        made.whole;
}

const char* launched() {
    const cudaError_t error = cudaGetLastError();
    return error == cudaSuccess ? nullptr : cudaGetErrorString(error);
}

}  // namespace

const char* styled_norm_on_gpu(const __half* x, const __half* style, const __half* residual,
                               __half* out, Dims d, Norm norm, void* stream) {
    const int blocks = d.samples * d.channels / (GROUPS * VECTOR);
    styled_norm<<<blocks, THREADS, 0, static_cast<cudaStream_t>(stream)>>>(x, style, residual, out,
                                                                           d, norm);
    return launched();
}

const char* pad_upsample_on_gpu(const __half* x, __half* out, Dims d, Resampling how, void* stream) {
    const int tall = d.height * how.scale + 2 * how.border;
    const int wide = d.width * how.scale + 2 * how.border;
    const dim3 grid((wide * (d.channels / VECTOR) + 255) / 256, d.samples * tall);
    pad_upsample<<<grid, 256, 0, static_cast<cudaStream_t>(stream)>>>(x, out, d, how);
    return launched();
}

// ---------------------------------------------------------------- on the CPU

void styled_norm_on_cpu(const __half* x, const __half* style, const __half* residual, __half* out,
                        Dims d, Norm norm) {
    const int pixels = d.height * d.width, b = norm.border, q = norm.inset;
    const int tall = d.height + 2 * b, wide = d.width + 2 * b, pitch = d.width + 2 * q;
    for (int n = 0; n < d.samples; ++n)
        for (int c = 0; c < d.channels; ++c) {
            const __half* source = x + int64_t(n) * pixels * d.channels + c;
            double mean = 0, variance = 0;
            for (int p = 0; p < pixels; ++p) mean += __half2float(source[int64_t(p) * d.channels]);
            mean /= pixels;
            for (int p = 0; p < pixels; ++p) {
                const double apart = __half2float(source[int64_t(p) * d.channels]) - mean;
                variance += apart * apart;
            }
            const __half* row = style + int64_t(n) * norm.row + c;
            const float gain = __half2float(row[norm.gain]) /
                               sqrtf(float(variance / pixels) + norm.epsilon);
            const float shift = __half2float(row[norm.shift]) - float(mean) * gain;
            for (int y = 0; y < tall; ++y)
                for (int z = 0; z < wide; ++z) {
                    const int from = reflected(y - b, d.height), at = reflected(z - b, d.width);
                    const int64_t pixel = int64_t(from) * d.width + at;
                    float value = __half2float(source[pixel * d.channels]) * gain + shift;
                    value = rectified(value, norm.slope);
                    if (residual) {
                        const int64_t row = int64_t(n) * (d.height + 2 * q) + from + q;
                        value += __half2float(residual[(row * pitch + at + q) * d.channels + c]);
                    }
                    out[((int64_t(n) * tall + y) * wide + z) * d.channels + c] =
                        __float2half(value);
                }
        }
}

void pad_upsample_on_cpu(const __half* x, __half* out, Dims d, Resampling how) {
    const int tall = d.height * how.scale + 2 * how.border;
    const int wide = d.width * how.scale + 2 * how.border;
    for (int n = 0; n < d.samples; ++n)
        for (int line = 0; line < tall; ++line)
            for (int column = 0; column < wide; ++column) {
                int y0 = reflected(line - how.border, d.height * how.scale), y1 = y0;
                int z0 = reflected(column - how.border, d.width * how.scale), z1 = z0;
                float down = 0, right = 0;
                if (how.scale == 2) {
                    between(y0, d.height, &y0, &y1, &down);
                    between(z0, d.width, &z0, &z1, &right);
                }
                for (int c = 0; c < d.channels; ++c) {
                    auto of = [&](int y, int z) {
                        const int64_t pixel = (int64_t(n) * d.height + y) * d.width + z;
                        return rectified(__half2float(x[pixel * d.channels + c]), how.slope);
                    };
                    const float above = of(y0, z0) + right * (of(y0, z1) - of(y0, z0));
                    const float below = of(y1, z0) + right * (of(y1, z1) - of(y1, z0));
                    const int64_t pixel = (int64_t(n) * tall + line) * wide + column;
                    out[pixel * d.channels + c] = __float2half(above + down * (below - above));
                }
            }
}
