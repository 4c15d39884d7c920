# Run by `cmake --install`: has `minnow`, behind its emulator where it needs one, write manual pages of its `verbs` and completion
# into the folder `pages`.
file(MAKE_DIRECTORY ${pages})
function(write file)
  execute_process(COMMAND ${minnow} ${ARGN} OUTPUT_FILE ${pages}/${file} COMMAND_ERROR_IS_FATAL ANY)
endfunction()
function(write_manual page)
  write(${page} manual ${ARGN})
  execute_process(COMMAND gzip -9nf ${page} WORKING_DIRECTORY ${pages} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

write_manual(minnow.1)
foreach(verb IN LISTS verbs)
  write_manual(minnow-${verb}.1 ${verb})
endforeach()
foreach(shell bash zsh fish)
  write(minnow.${shell} completion ${shell})
endforeach()
