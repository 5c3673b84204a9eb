# Writes a C file that holds the page's files, for page.h.
#     cmake -DOUTPUT=page_files.c -DFILES=page/index.html,page/style.css -P embed.cmake
string(REPLACE "," ";" paths "${FILES}")
set(arrays "")
set(rows "")
foreach(path IN LISTS paths)
    get_filename_component(file "${path}" NAME)
    string(MAKE_C_IDENTIFIER "${file}" name)
    file(READ "${path}" bytes HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
    string(APPEND arrays "static const unsigned char ${name}[] = {\n${bytes}};\n\n")
    string(APPEND rows "    {\"${file}\", ${name}, sizeof(${name})},\n")
endforeach()
list(LENGTH paths count)
file(WRITE "${OUTPUT}" "/* Made by embed.cmake. */\n#include \"page.h\"\n\n${arrays}"
     "const sc_demo_file_t sc_demo_files[] = {\n${rows}};\n\nconst size_t sc_demo_file_count = ${count};\n")
