// As firmware declares its model arrays.
#pragma once
extern const unsigned char g_negate[];
extern const unsigned int g_negate_len;
extern const unsigned char g_counter[];
extern const unsigned char g_wide[];
extern const unsigned char g_future[];
