// The part of ONNX Runtime's C interface that a library of operators needs.
//
// That interface is a table of function pointers whose places never change (onnxruntime_c_api.h:
// "new functions are only added at the end"), so that a header of one version serves every later
// one. Only the places used here have a type; tests register the built library with the runtime
// that is installed and run both operators through it.
#pragma once

#include <cstddef>
#include <cstdint>

constexpr uint32_t ORT_VERSION = 17;  // the first whose OrtCustomOp ends as below
constexpr int FLOAT16 = 10;           // ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16
constexpr int FAIL = 1;               // ORT_FAIL

struct OrtStatus;
struct OrtSessionOptions;
struct OrtCustomOpDomain;
struct OrtKernelInfo;
struct OrtKernelContext;
struct OrtValue;
struct OrtShape;  // OrtTensorTypeAndShapeInfo
struct OrtCustomOp;

struct OrtApi {
    OrtStatus* (*CreateStatus)(int code, const char* message);
    void* _1[25];
    OrtStatus* (*CreateCustomOpDomain)(const char* name, OrtCustomOpDomain** out);  // 26
    OrtStatus* (*CustomOpDomain_Add)(OrtCustomOpDomain* domain, const OrtCustomOp* op);
    OrtStatus* (*AddCustomOpDomain)(OrtSessionOptions* options, OrtCustomOpDomain* domain);
    void* _29[22];
    OrtStatus* (*GetTensorMutableData)(OrtValue* value, void** out);  // 51
    void* _52[9];
    OrtStatus* (*GetDimensionsCount)(const OrtShape* shape, size_t* out);  // 61
    OrtStatus* (*GetDimensions)(const OrtShape* shape, int64_t* out, size_t count);
    void* _63[2];
    OrtStatus* (*GetTensorTypeAndShape)(const OrtValue* value, OrtShape** out);  // 65
    void* _66[19];
    OrtStatus* (*KernelInfoGetAttribute_float)(const OrtKernelInfo*, const char*, float*);  // 85
    OrtStatus* (*KernelInfoGetAttribute_int64)(const OrtKernelInfo*, const char*, int64_t*);
    void* _87[3];
    OrtStatus* (*KernelContext_GetInput)(const OrtKernelContext*, size_t, const OrtValue**);  // 90
    OrtStatus* (*KernelContext_GetOutput)(
        OrtKernelContext*, size_t, const int64_t* dims, size_t count, OrtValue**);
    void* _92[7];
    void (*ReleaseTensorTypeAndShapeInfo)(OrtShape*);  // 99
    void* _100[93];
    OrtStatus* (*KernelContext_GetGPUComputeStream)(const OrtKernelContext*, void** out);  // 193
};
static_assert(offsetof(OrtApi, KernelContext_GetGPUComputeStream) == 193 * sizeof(void*));

struct OrtApiBase {
    const OrtApi* (*GetApi)(uint32_t version);
    const char* (*GetVersionString)();
};

struct OrtCustomOp {
    uint32_t version;
    void* (*CreateKernel)(const OrtCustomOp*, const OrtApi*, const OrtKernelInfo*);
    const char* (*GetName)(const OrtCustomOp*);
    const char* (*GetExecutionProviderType)(const OrtCustomOp*);
    int (*GetInputType)(const OrtCustomOp*, size_t);
    size_t (*GetInputTypeCount)(const OrtCustomOp*);
    int (*GetOutputType)(const OrtCustomOp*, size_t);
    size_t (*GetOutputTypeCount)(const OrtCustomOp*);
    void (*KernelCompute)(void*, OrtKernelContext*);
    void (*KernelDestroy)(void*);
    int (*GetInputCharacteristic)(const OrtCustomOp*, size_t);  // 0 required, 1 optional
    int (*GetOutputCharacteristic)(const OrtCustomOp*, size_t);
    int (*GetInputMemoryType)(const OrtCustomOp*, size_t);
    int (*GetVariadicInputMinArity)(const OrtCustomOp*);
    int (*GetVariadicInputHomogeneity)(const OrtCustomOp*);
    int (*GetVariadicOutputMinArity)(const OrtCustomOp*);
    int (*GetVariadicOutputHomogeneity)(const OrtCustomOp*);
    OrtStatus* (*CreateKernelV2)(const OrtCustomOp*, const OrtApi*, const OrtKernelInfo*, void**);
    OrtStatus* (*KernelComputeV2)(void*, OrtKernelContext*);
    OrtStatus* (*InferOutputShapeFn)(const OrtCustomOp*, void*);
    int (*GetStartVersion)(const OrtCustomOp*);
    int (*GetEndVersion)(const OrtCustomOp*);
    void* _later[4];
};
