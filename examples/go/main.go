// One frame from Go, as examples/infer.c has it from C: elements of the first input come from standard input, those of the first
// output go to standard output, as they are, row-major in the model's own axis order.
//
//	infer MODEL.minnow < elements > results
package main

// #cgo pkg-config: minnow
// #include <stdlib.h>
// #include <minnow/minnow.h>
import "C"

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"unsafe"
)

func require(status C.minnow_status) error {
	if status == C.MINNOW_OK {
		return nil
	}
	return errors.New(C.GoString(C.minnow_last_error()))
}

// Elements as C has them; of an empty slice nothing is read.
func pointer(elements []byte) unsafe.Pointer {
	if len(elements) == 0 {
		return nil
	}
	return unsafe.Pointer(&elements[0])
}

// NULL options are the default everywhere: nil.
func infer(path string, elements []byte) ([]byte, error) {
	// The engine keeps its last error for each thread, and a goroutine may move to another between two calls.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	var engine *C.minnow_runtime
	if err := require(C.minnow_runtime_create(nil, &engine)); err != nil {
		return nil, err
	}
	defer C.minnow_runtime_destroy(engine)

	file := C.CString(path)
	defer C.free(unsafe.Pointer(file))
	var model *C.minnow_interpreter
	if err := require(C.minnow_interpreter_create_from_file(engine, file, nil, &model)); err != nil {
		return nil, err
	}
	defer C.minnow_interpreter_destroy(model)

	var session *C.minnow_session
	if err := require(C.minnow_interpreter_create_session(model, nil, &session)); err != nil {
		return nil, err
	}
	defer C.minnow_session_destroy(session)

	var frame *C.minnow_frame
	if err := require(C.minnow_session_begin(session, &frame)); err != nil {
		return nil, err
	}
	defer C.minnow_frame_destroy(frame)
	return run(session, frame, elements)
}

func run(session *C.minnow_session, frame *C.minnow_frame, elements []byte) ([]byte, error) {
	var tensor C.minnow_tensor
	if err := require(C.minnow_frame_input(frame, C.minnow_session_input_name(session, 0), &tensor)); err != nil {
		return nil, err
	}
	if err := require(C.minnow_tensor_write(&tensor, pointer(elements), C.size_t(len(elements)))); err != nil {
		return nil, err
	}
	if err := require(C.minnow_frame_run(frame)); err != nil {
		return nil, err
	}
	if err := require(C.minnow_frame_output(frame, C.minnow_session_output_name(session, 0), &tensor)); err != nil {
		return nil, err
	}
	results := make([]byte, C.minnow_tensor_bytes(&tensor))
	err := require(C.minnow_tensor_read(&tensor, pointer(results), C.size_t(len(results))))
	return results, err
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: infer MODEL.minnow < elements > results")
		os.Exit(2)
	}
	elements, err := io.ReadAll(os.Stdin)
	if err == nil {
		elements, err = infer(os.Args[1], elements)
	}
	if err == nil {
		_, err = os.Stdout.Write(elements)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
