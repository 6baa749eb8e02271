// Two operators that keep a generator in NHWC and half precision, each one trip through memory.
//
//   StyledNorm(x, style[, residual]): instance normalisation over the pixels of each channel of
//     each sample, scaled and shifted by a style (AdaIN: Huang and Belongie, 2017), a rectifier,
//     the sum with a residual, and a reflected border.
//   Reach(x): a rectifier, twice the size where `scale` is 2 (bilinear, half-pixel centres), and
//     a reflected border.
//
// Both on the GPU, and on the CPU by plain loops: what a variant's error is measured with where no
// GPU is. fused.cu computes, operators.cpp shows it to ONNX Runtime.
#pragma once

#include <cuda_fp16.h>

#include <cstdint>

constexpr int PIXELS = 1024;  // at most, for StyledNorm: a channel group stays in the registers
constexpr int VECTOR = 8;     // channels in one load of 16 bytes
constexpr int GROUPS = 2;     // of those in a block of StyledNorm: a sector of 32 bytes a pixel

struct Dims {
    int samples, height, width, channels;
};

struct Norm {
    float epsilon, slope;     // slope: of the rectifier below zero; 1 for none
    int gain, shift;          // where they begin in a row of the style
    int row;                  // from one sample's style to the next; 0 where all share one
    int border, inset;        // width of the border to make, and of that which the residual has
};

struct Spread {
    float slope;
    int scale, border;
};

// All sizes were checked before. On the GPU: what went wrong, or nullptr; on the given stream.
const char* styled_norm_on_gpu(const __half* x, const __half* style, const __half* residual,
                               __half* out, Dims d, Norm norm, void* stream);
const char* reach_on_gpu(const __half* x, __half* out, Dims d, Spread spread, void* stream);
void styled_norm_on_cpu(const __half* x, const __half* style, const __half* residual, __half* out,
                        Dims d, Norm norm);
void reach_on_cpu(const __half* x, __half* out, Dims d, Spread spread);
