//! One frame from Rust, as examples/infer.c has it from C: elements of the first input come from standard input, those of the
//! first output go to standard output, as they are, row-major in the model's own axis order.
//!
//!   infer MODEL.minnow < elements > results
use std::ffi::{CStr, CString};
use std::io::{Read, Write};
use std::{env, mem, ptr};

#[allow(non_camel_case_types, non_upper_case_globals, non_snake_case, dead_code, clippy::all)]
mod c {
    include!(concat!(env!("OUT_DIR"), "/minnow.rs"));
}

fn require(status: c::minnow_status) -> Result<(), String> {
    if status == c::minnow_status_MINNOW_OK {
        return Ok(());
    }
    // The message is this thread's, and valid until another call of it fails.
    let message = unsafe { CStr::from_ptr(c::minnow_last_error()) };
    Err(message.to_string_lossy().into_owned())
}

/// A handle that is destroyed when it goes out of scope: last made, first destroyed, as the engine wants it.
struct Owned<T>(*mut T, unsafe extern "C" fn(*mut T));

impl<T> Owned<T> {
    fn new(
        create: impl FnOnce(*mut *mut T) -> c::minnow_status,
        destroy: unsafe extern "C" fn(*mut T),
    ) -> Result<Self, String> {
        let mut handle = ptr::null_mut();
        require(create(&mut handle))?;
        Ok(Owned(handle, destroy))
    }
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        unsafe { self.1(self.0) }
    }
}

/// The default options everywhere: NULL.
fn infer(path: &str, elements: &[u8]) -> Result<Vec<u8>, String> {
    let path = CString::new(path).map_err(|error| error.to_string())?;
    unsafe {
        let runtime = Owned::new(|made| c::minnow_runtime_create(ptr::null(), made), c::minnow_runtime_destroy)?;
        let model = Owned::new(
            |made| c::minnow_interpreter_create_from_file(runtime.0, path.as_ptr(), ptr::null(), made),
            c::minnow_interpreter_destroy,
        )?;
        let session = Owned::new(
            |made| c::minnow_interpreter_create_session(model.0, ptr::null(), made),
            c::minnow_session_destroy,
        )?;
        let frame = Owned::new(|made| c::minnow_session_begin(session.0, made), c::minnow_frame_destroy)?;

        let mut tensor: c::minnow_tensor = mem::zeroed();
        require(c::minnow_frame_input(frame.0, c::minnow_session_input_name(session.0, 0), &mut tensor))?;
        require(c::minnow_tensor_write(&tensor, elements.as_ptr().cast(), elements.len() as _))?;
        require(c::minnow_frame_run(frame.0))?;
        require(c::minnow_frame_output(frame.0, c::minnow_session_output_name(session.0, 0), &mut tensor))?;
        let mut results = vec![0u8; c::minnow_tensor_bytes(&tensor) as usize];
        require(c::minnow_tensor_read(&tensor, results.as_mut_ptr().cast(), results.len() as _))?;
        Ok(results)
    }
}

fn main() -> Result<(), String> {
    let path = env::args().nth(1).ok_or("usage: infer MODEL.minnow < elements > results")?;
    let mut elements = Vec::new();
    std::io::stdin().read_to_end(&mut elements).map_err(|error| error.to_string())?;
    let results = infer(&path, &elements)?;
    std::io::stdout().write_all(&results).map_err(|error| error.to_string())
}
